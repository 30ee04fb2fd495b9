import { Injectable } from '@nestjs/common';

/** A stream that may be a terminal. */
type Maybe<T> = T & { readonly isTTY?: boolean };

/**
 * Where a command reads answers and writes: standard output has the result alone, standard error all that is said
 * beside it.
 */
@Injectable()
export class Streams {
  readonly input: Maybe<NodeJS.ReadableStream> = process.stdin;
  readonly result: Maybe<NodeJS.WritableStream> = process.stdout;
  readonly messages: Maybe<NodeJS.WritableStream> = process.stderr;

  /** Whether somebody sits there who can be asked. */
  get canAsk(): boolean {
    return this.input.isTTY === true && this.messages.isTTY === true;
  }

  /** Whether a line can be drawn again in its place. */
  get canDraw(): boolean {
    return this.messages.isTTY === true;
  }
}
