import { Injectable } from '@nestjs/common';
import { CommandFailed, Interrupted } from './command.errors.js';
import { Streams } from './streams.js';

/** One thing to ask. */
interface Question {
  /** What is asked, as a person reads it. */
  readonly message: string;
  /** How to give the answer where nobody can be asked: `--database`. */
  readonly instead: string;
  /** Stops the asking. */
  readonly signal?: AbortSignal;
}

/** `true`, or what is wrong with an answer. */
type Check = (answer: string) => true | string;

/** Where a prompt reads and draws, and what stops it. */
interface Context {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly signal?: AbortSignal;
}

/**
 * Asks the person at the terminal, on standard error. Where nobody can be asked, a command ends with what to give
 * instead; where the person presses Ctrl-C, as interrupted.
 */
@Injectable()
export class Questions {
  constructor(private readonly streams: Streams) {}

  /** Whether there is somebody to ask. */
  get canAsk(): boolean {
    return this.streams.canAsk;
  }

  /** A line of text. */
  async text(question: Question & { readonly suggested?: string; readonly check?: Check }): Promise<string> {
    const { message, suggested, check } = question;
    const config = {
      message,
      ...(suggested !== undefined && { default: suggested }),
      ...(check && { validate: check }),
    };
    const { default: input } = await import('@inquirer/input');
    return this.ask(question, (context) => input(config, context));
  }

  /** A line that is not shown while it is typed. */
  async secret(question: Question & { readonly check?: Check }): Promise<string> {
    const { message, check } = question;
    const { default: password } = await import('@inquirer/password');
    return this.ask(question, (context) =>
      password({ message, mask: true, ...(check && { validate: check }) }, context),
    );
  }

  /** One of a few words. */
  async choice<T extends string>(
    question: Question & { readonly choices: readonly { readonly value: T; readonly name: string }[] },
  ): Promise<T> {
    const { message, choices } = question;
    const { default: select } = await import('@inquirer/select');
    return this.ask(question, (context) => select<T>({ message, choices }, context));
  }

  /** Yes or no. */
  async yesOrNo(question: Question & { readonly suggested: boolean }): Promise<boolean> {
    const { message, suggested } = question;
    const { default: confirm } = await import('@inquirer/confirm');
    return this.ask(question, (context) => confirm({ message, default: suggested }, context));
  }

  private async ask<T>({ message, instead, signal }: Question, prompt: (context: Context) => Promise<T>): Promise<T> {
    if (!this.canAsk)
      throw new CommandFailed('usage', 'ANSWER_NEEDED', `${message} Nobody can be asked here: give ${instead}.`);
    const { input, messages: output } = this.streams;
    try {
      return await prompt({ input, output, ...(signal && { signal }) });
    } catch (error) {
      if (error instanceof Error && /^(Exit|Abort)PromptError$/.test(error.name))
        throw new Interrupted('Nothing more was done.');
      throw error;
    }
  }
}
