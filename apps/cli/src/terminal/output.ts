import { Injectable } from '@nestjs/common';
import { exitCodes, type FailureKind } from './exit-codes.js';
import { failureOf } from './failure.js';
import { Streams } from './streams.js';

/** Clears a terminal with what was scrolled away: of ECMA-48, and of xterm. */
const clearingSequence = '\u001b[2J\u001b[3J\u001b[H';

/** What a command says. */
@Injectable()
export class Output {
  /** `--json`: standard output gets one JSON document, the result or `{ "error": … }`. */
  json = false;

  constructor(private readonly streams: Streams) {}

  /**
   * Prints what the command came to, once, at its end.
   *
   * @param document what `--json` prints: names in camelCase, dates as `Date`; part of the product, so add, never
   * rename.
   * @param text what a person reads instead, without the line end; it may load what makes tables.
   *
   * @example
   * await output.result({ dropped: [3] }, () => 'Dropped data key 3.');
   */
  async result(document: object, text: () => string | Promise<string>): Promise<void> {
    this.streams.result.write(`${this.json ? JSON.stringify(document, undefined, 2) : await text()}\n`);
  }

  /** Says something beside the result, on standard error: a sentence. */
  note(line: string): void {
    this.streams.messages.write(`${line}\n`);
  }

  /** Takes what was shown off the terminal, with what was scrolled away; on a pipe there is nothing to take back. */
  clearScreen(): void {
    if (this.streams.canDraw) this.streams.messages.write(clearingSequence);
  }

  /** After a result that is bad news: the exit code of this process, as if the command had failed so. */
  endAs(kind: FailureKind): void {
    process.exitCode = exitCodes[kind];
  }

  /** Says why the command failed, and makes its exit code that of this process. */
  async failure(error: unknown): Promise<void> {
    const { exitCode, ...failure } = failureOf(error);
    // commander has said it, with the usage.
    if (failure.code !== 'USAGE') this.note(failure.message);
    if (this.json) await this.result({ error: { ...failure, exitCode } }, () => '');
    process.exitCode = exitCode;
  }
}
