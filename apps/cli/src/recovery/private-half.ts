import { FileUnreadable, readSmallFile, Secret } from '@key-connector/common';
import { combine, openRsaPrivateKey, openSeed, openShare, type OpenRecoveryKey } from '@key-connector/recovery-keys';
import { Injectable } from '@nestjs/common';
import { Option } from 'commander';
import { CommandFailed } from '../terminal/command.errors.js';
import { Output } from '../terminal/output.js';
import { Questions } from '../terminal/questions.js';
import { checkShare, readShares } from './share-files.js';

/** How the private half of a recovery key is given; nothing of it stands in the command line, which others can see. */
export interface PrivateHalfOptions {
  readonly share?: readonly string[];
  readonly privateKey?: string;
}

const collect = (path: string, before: readonly string[] = []): readonly string[] => [...before, path];

/** The options of a command that takes a {@link PrivateHalf}. */
export const privateHalfOptions = (): Option[] => [
  new Option('--share <file>', 'a file or pipe with shares, one a line; may be repeated. Without it you are asked')
    .argParser(collect)
    .conflicts('privateKey'),
  new Option('--private-key <file>', 'the private half of an RSA recovery key in PEM, in place of shares'),
];

/** Puts the private half of a recovery key together, from files or by asking. */
@Injectable()
export class PrivateHalf {
  constructor(
    private readonly questions: Questions,
    private readonly output: Output,
  ) {}

  /** Throws RecoverySharesRefused, RecoveryKeyUnusable, or CommandFailed where a file cannot be read. */
  async open({ share: files, privateKey }: PrivateHalfOptions): Promise<OpenRecoveryKey> {
    if (privateKey !== undefined) return this.openRsa(privateKey);
    const lines = files === undefined ? await this.ask() : (await Promise.all(files.map(readShares))).flat();
    const seed = await combine(lines);
    try {
      return openSeed(seed);
    } finally {
      seed.fill(0);
    }
  }

  /** Asks for shares until there are enough of them: as many as the first one says. */
  async ask(): Promise<string[]> {
    const lines: string[] = [];
    for (let needed = 2; lines.length < needed;) {
      const line = await this.askOne(
        lines.length === 0 ? 'One share:' : `Another share (${needed - lines.length} more):`,
      );
      const { keyId, number, total, threshold } = openShare(line);
      this.output.note(`  share ${number} of ${total} of the recovery key ${keyId}: undamaged`);
      lines.push(line);
      needed = threshold;
    }
    return lines;
  }

  /** A share is not left on the screen, whatever becomes of the question. */
  private async askOne(message: string): Promise<string> {
    try {
      return await this.questions.text({ message, instead: '--share <file>', check: checkShare });
    } finally {
      this.output.clearScreen();
    }
  }

  private async openRsa(path: string): Promise<OpenRecoveryKey> {
    const file = await readSmallFile(path, { maxBytes: 64 * 1024, seconds: 60 }).catch((error: unknown) => {
      if (!(error instanceof FileUnreadable)) throw error;
      throw new CommandFailed('failed', 'FILE_UNREADABLE', `${error.message}.`);
    });
    try {
      return openRsaPrivateKey(file, file.includes('ENCRYPTED') ? await this.passphrase(path) : undefined);
    } finally {
      file.fill(0);
    }
  }

  private async passphrase(path: string): Promise<Secret> {
    return new Secret(
      await this.questions.secret({
        message: `Passphrase of ${path}:`,
        instead: 'a file without a passphrase, by a pipe',
      }),
    );
  }
}
