import { Injectable } from '@nestjs/common';
import { Option } from 'commander';
import { CommandFailed } from './command.errors.js';
import { Output } from './output.js';
import { Questions } from './questions.js';

/** What cannot be undone, or only with trouble. */
interface Deed {
  /** Sentences: what will be done, and why it cannot be undone. */
  readonly what: string;
  /** What is typed to confirm it: the name of the thing, so that nobody confirms another one by habit. */
  readonly word: string;
  /** `--yes` was given. */
  readonly yes: boolean;
}

/** Lets nothing happen that cannot be undone unless somebody says so. */
@Injectable()
export class Confirmation {
  constructor(
    private readonly questions: Questions,
    private readonly output: Output,
  ) {}

  /**
   * Goes on only where the deed is confirmed: by `--yes`, or by a person who types the word. Throws `refused`
   * otherwise.
   *
   * @example
   * await confirmation.of({ what: 'Drops data key 3 for good.', word: '3', yes });
   */
  async of({ what, word, yes }: Deed): Promise<void> {
    if (yes) return;
    if (!this.questions.canAsk)
      throw new CommandFailed('refused', 'NOT_CONFIRMED', `${what} Nothing was changed: add --yes to have it done.`);
    this.output.note(what);
    const typed = await this.questions.text({ message: `Type ${word} to go on:`, instead: '--yes' });
    if (typed.trim() !== word)
      throw new CommandFailed('refused', 'NOT_CONFIRMED', `That is not ${word}: nothing was changed.`);
  }
}

/** `--yes`, for a command that uses {@link Confirmation}. */
export const yesOption = (): Option => new Option('--yes', 'do it without asking for confirmation').default(false);

/** `--dry-run`, for a command that changes something. */
export const dryRunOption = (): Option =>
  new Option('--dry-run', 'look at everything and say what would be done, and change nothing').default(false);
