import { write, writeSync } from 'node:fs';

/**
 * How much a line counts when lines come faster than they are taken: `flood` is what anybody can cause, such as a
 * refused token; `kept` is what was done to a key.
 */
export type LineRank = 'flood' | 'ordinary' | 'kept';

const KB = 1024;
const MB = 1024 * KB;

/** A line is left out when so many characters wait before it. */
const bound: Record<LineRank, number> = { flood: MB, ordinary: 4 * MB, kept: Number.POSITIVE_INFINITY };

/** Writes of keys are refused when so many characters wait: some 30,000 lines. */
const FULL = 8 * MB;

/**
 * Lines are joined into one write when there are so many characters of them. Not more: lines that wait for each other
 * outlive the young heap, and are copied twice before they are written.
 */
const CHUNK = 16 * KB;

/** Longest time that a line waits for others, in milliseconds: a quiet service still shows its log at once. */
const FLUSH_MILLISECONDS = 200;

/** How long the end of the process waits for the last lines to be taken, in milliseconds. */
const EXIT_MILLISECONDS = 1000;

/** What {@link LogOutput} needs of a file descriptor; `node:fs` has it. */
export interface Sink {
  write(bytes: Uint8Array, done: (error: Error | null, written: number) => void): void;
  writeSync(bytes: Uint8Array): number;
}

const descriptor = (fd: number): Sink => ({
  write: (bytes, done) => {
    write(fd, bytes, done);
  },
  writeSync: (bytes) => writeSync(fd, bytes),
});

/**
 * Lines on their way to a file descriptor: in order, each once, many in one write, and off the event loop.
 *
 * A full disk or a reader that stalls never stops the service: lines wait, then the least important are left out, and
 * how many is said by {@link takeLeftOut}.
 */
export class LogOutput {
  private readonly chunks: Buffer[] = [];
  private lines: string[] = [];
  private lineCharacters = 0;
  private chunkBytes = 0;
  private leftOut = 0;
  private sending: Buffer | undefined;
  private sendingSince = 0;
  private failed = false;

  constructor(private readonly sink: Sink) {}

  /** How much waits, in characters or bytes; the log is nearly all ASCII. */
  get waiting(): number {
    return this.lineCharacters + this.chunkBytes;
  }

  /** Whether so much waits that nothing should be done whose line must not be lost. */
  get full(): boolean {
    return this.waiting >= FULL;
  }

  /** Takes one line, with its line end, unless too much waits for its rank. */
  add(line: string, rank: LineRank): void {
    if (this.waiting >= bound[rank]) {
      this.leftOut += 1;
      return;
    }
    this.lines.push(line);
    this.lineCharacters += line.length;
    if (this.lineCharacters >= CHUNK) this.flush();
  }

  /** How many lines were left out since the last call, once there is room for the news. */
  takeLeftOut(): number {
    if (this.waiting >= bound.flood) return 0;
    const lines = this.leftOut;
    this.leftOut = 0;
    return lines;
  }

  /** Hands what waits to the system; also tries again what could not be written. */
  flush(): void {
    this.closeChunk();
    if (this.sending === undefined) this.sendNext();
  }

  /**
   * Writes what waits before the process ends: no further line after a second. A write that blocks cannot be given up.
   */
  flushAtExit(): void {
    this.closeChunk();
    const deadline = Date.now() + EXIT_MILLISECONDS;
    // A write that does not return would not return now either; one that failed is not tried for ever.
    if (this.sending !== undefined && Date.now() - this.sendingSince > EXIT_MILLISECONDS) return;
    let chunk = this.chunks.shift();
    while (chunk !== undefined && Date.now() < deadline) {
      try {
        const written = this.sink.writeSync(chunk);
        chunk = written < chunk.length ? chunk.subarray(written) : this.chunks.shift();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      }
    }
  }

  private closeChunk(): void {
    if (this.lines.length === 0) return;
    const chunk = Buffer.from(this.lines.join(''));
    this.lines = [];
    this.lineCharacters = 0;
    this.chunks.push(chunk);
    this.chunkBytes += chunk.length;
  }

  private sendNext(): void {
    const chunk = this.chunks.shift();
    if (chunk === undefined) return;
    this.sending = chunk;
    this.sendingSince = Date.now();
    this.sink.write(chunk, (error, written) => {
      this.sending = undefined;
      const rest = error === null ? chunk.subarray(written) : chunk;
      if (rest.length > 0) this.chunks.unshift(rest);
      this.chunkBytes -= chunk.length - rest.length;
      // What failed is tried again with the next flush, not at once: a disk stays full for a while.
      if (error === null) this.sendNext();
      else this.complain(error);
    });
  }

  private complain(error: Error): void {
    if (this.failed || (error as NodeJS.ErrnoException).code === 'EAGAIN') return;
    this.failed = true;
    // Once: the log is the place for news, and this is the news that it is not there.
    write(
      2,
      `the log cannot be written: ${error.message}; lines wait, then writes of keys are refused\n`,
      () => undefined,
    );
  }
}

/** The one way of this process to its standard output; idle until {@link startFlushing}. */
export const standardOutput = new LogOutput(descriptor(1));

/**
 * From now on what waits is written every 200 ms and when the process ends; `tell` says how many lines were left out.
 */
export function startFlushing(tell: (lines: number) => void): void {
  setInterval(() => {
    const lines = standardOutput.takeLeftOut();
    if (lines > 0) tell(lines);
    standardOutput.flush();
  }, FLUSH_MILLISECONDS).unref();
  process.on('exit', () => {
    standardOutput.flushAtExit();
  });
}
