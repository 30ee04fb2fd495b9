import { timingSafeEqual } from 'node:crypto';
import { combine, openShare, split } from '@key-connector/recovery-keys';
import { Injectable } from '@nestjs/common';
import { CommandFailed } from '../terminal/command.errors.js';
import { Output } from '../terminal/output.js';
import { Questions } from '../terminal/questions.js';
import { PrivateHalf } from './private-half.js';
import { makeShareFolder, readShares, writeShares } from './share-files.js';

/** How many shares there are to be, and where they go. */
export interface NewSharesOptions {
  readonly shares: number;
  readonly threshold: number;
  /** A folder for one file each; shown one by one where it is left out. */
  readonly write?: string;
}

/**
 * Gives the shares of a new recovery key to their holders, and does not believe that they have them before it has seen
 * it.
 */
@Injectable()
export class NewShares {
  constructor(
    private readonly questions: Questions,
    private readonly output: Output,
    private readonly privateHalf: PrivateHalf,
  ) {}

  /** Ends a command whose shares cannot be, or that can neither write nor show them, before anything is made. */
  requireWay({ shares, threshold, write }: NewSharesOptions): void {
    if (threshold < 2 || threshold > shares)
      throw new CommandFailed('usage', 'USAGE', 'At least 2 shares are needed, and at most as many as there are.');
    if (write === undefined && !this.questions.canAsk)
      throw new CommandFailed(
        'usage',
        'ANSWER_NEEDED',
        'Shares are shown at a terminal and typed back, and this is none: give --write <folder>.',
      );
  }

  /**
   * Splits a seed, hands the shares out, and once enough of them were given back, or all were read again from their
   * files, has the key made use of. Whatever fails after the first share left, the operator is told what the shares are
   * worth.
   *
   * @param use gets the paths of the files.
   */
  async handOut<T>(
    seed: Uint8Array,
    options: NewSharesOptions,
    use: (files: readonly string[]) => Promise<T>,
  ): Promise<T> {
    const { write } = options;
    const lines = await split(seed, options);
    if (write !== undefined) await makeShareFolder(write);
    try {
      return await use(
        write === undefined ? await this.showAll(seed, lines, options) : await this.write(seed, lines, write),
      );
    } catch (error) {
      const [keyId] = lines.map((line) => openShare(line).keyId);
      this.output.note(
        `The shares of the recovery key ${keyId}${write === undefined ? '' : ` in ${write}`} open nothing, unless ` +
          '"key-connector kek list" shows that key all the same: destroy them, and begin anew.',
      );
      throw error;
    }
  }

  private async write(seed: Uint8Array, lines: readonly string[], folder: string): Promise<readonly string[]> {
    const paths = await writeShares(folder, lines);
    await this.requireSeed(seed, (await Promise.all(paths.map(readShares))).flat());
    return paths;
  }

  private async showAll(seed: Uint8Array, lines: readonly string[], { threshold }: NewSharesOptions): Promise<[]> {
    for (const line of lines) await this.show(line);
    this.output.note(`Now give ${threshold} of them back, from where they were written down.`);
    await this.requireSeed(seed, await this.privateHalf.ask());
    return [];
  }

  private async show(line: string): Promise<void> {
    const { number, total, keyId } = openShare(line);
    this.output.note(
      `Share ${number} of ${total} of the recovery key ${keyId}, which is not shown again:\n\n${line}\n`,
    );
    try {
      await this.questions.text({
        message: `Press Enter when its holder has written share ${number} down.`,
        instead: '--write <folder>',
      });
    } finally {
      this.output.clearScreen();
    }
  }

  private async requireSeed(seed: Uint8Array, lines: readonly string[]): Promise<void> {
    const again = await combine(lines);
    try {
      if (timingSafeEqual(again, seed)) return;
    } finally {
      again.fill(0);
    }
    throw new CommandFailed(
      'refused',
      'NOT_CONFIRMED',
      'These are shares of another recovery key. Nothing was changed.',
    );
  }
}
