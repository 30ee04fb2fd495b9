import { close, constants, fstat, open, read } from 'node:fs';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { timerMilliseconds } from './timer.js';

/** How much is read at most, and for how long. */
export interface SmallFileLimits {
  /** A larger file is refused; little more is held, also of a device or a file that grows. */
  readonly maxBytes: number;
  /** From the call on, for opening and reading together. */
  readonly seconds: number;
}

/** What is wrong with a file, where a caller treats one kind unlike another. */
export type FileProblem = 'missing' | 'forbidden' | 'too large' | 'late' | 'not text' | 'other';

/** A file cannot be used. The message is `<path> <why>`: "/run/secrets/pin does not exist"; nothing of its content. */
export class FileUnreadable extends Error {
  constructor(
    readonly path: string,
    /** What follows the path in a sentence: "does not exist". */
    readonly why: string,
    readonly problem: FileProblem = 'other',
  ) {
    super(`${path} ${why}`);
    this.name = new.target.name;
  }
}

/** What the system's codes mean, for people. */
const meanings: Readonly<Record<string, readonly [why: string, problem: FileProblem]>> = {
  ENOENT: ['does not exist', 'missing'],
  ENOTDIR: ['does not exist: a part of its path is not a folder', 'missing'],
  EACCES: ['may not be read by this user; check its owner and mode', 'forbidden'],
  EPERM: ['may not be read by this user; check its owner and mode', 'forbidden'],
  EISDIR: ['is a folder', 'other'],
  ELOOP: ['is a link that leads back to itself', 'other'],
  ENAMETOOLONG: ['has a longer name than a file can have', 'other'],
  ENXIO: ['is a socket or the like, which cannot be opened as a file', 'other'],
  EAGAIN: ['is a terminal or device that has nothing to read', 'other'],
  EMFILE: ['cannot be opened: this process has too many open files', 'other'],
};

/** What a failed call of `node:fs` says about the file or folder at `path`, as a {@link FileUnreadable}. */
export function fileUnreadable(path: string, error: unknown): FileUnreadable {
  if (error instanceof FileUnreadable) return error;
  const { code = 'unknown cause' } = error as NodeJS.ErrnoException;
  const [why, problem] = meanings[code] ?? [`cannot be read (${code})`, 'other'];
  return new FileUnreadable(path, why, problem);
}

/**
 * Reads a small file whole, once, and says why not: {@link FileUnreadable}. The caller wipes the bytes if they are
 * secret.
 *
 * `path` may also be a pipe: a FIFO, `/dev/stdin`, or `/dev/fd/9` of a shell's `9< <(command)`. It is read until its
 * writers have closed it.
 *
 * Opening a FIFO that nobody writes blocks the thread that does it, for good, and no deadline frees it: four of them
 * stop every file, DNS and crypto call of the process, even its exit. So files are opened without blocking
 * (O_NONBLOCK), and pipes are then read by the event loop, which takes no thread while it waits. Regular files know no
 * such mode: where a network share hangs, the caller is told in time, but a thread stays with it.
 *
 * @example
 * const pem = await readSmallFile('/srv/tls.key', { maxBytes: 1024 * 1024, seconds: 10 });
 */
export async function readSmallFile(path: string, { maxBytes, seconds }: SmallFileLimits): Promise<Buffer> {
  const content = new Content(maxBytes);
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => {
        const what = content.length === 0 ? 'gave nothing' : 'did not end';
        reject(new FileUnreadable(path, `${what} within ${seconds} seconds`, 'late'));
        stop.abort();
      },
      timerMilliseconds(seconds * 1000),
    );
  });
  try {
    return await Promise.race([readInto(content, path, stop.signal), late]);
  } catch (error) {
    throw fileUnreadable(path, error);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads a small UTF-8 text, without its byte-order mark; otherwise as {@link readSmallFile}. */
export async function readSmallText(path: string, limits: SmallFileLimits): Promise<string> {
  const bytes = await readSmallFile(path, limits);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FileUnreadable(path, 'is not UTF-8 text', 'not text');
  } finally {
    bytes.fill(0);
  }
}

const inWords = (bytes: number): string =>
  bytes % 1024 ** 2 === 0 ? `${bytes / 1024 ** 2} MB` : bytes % 1024 === 0 ? `${bytes / 1024} KB` : `${bytes} bytes`;

/** Promises of numbers, not FileHandles: a pipe's descriptor changes hands, and one owner closes it. */
const calls = { open: promisify(open), fstat: promisify(fstat), read: promisify(read), close: promisify(close) };

async function readInto(content: Content, path: string, signal: AbortSignal): Promise<Buffer> {
  try {
    const descriptor = await calls.open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const isPipe = await calls.fstat(descriptor).then((stats) => stats.isFIFO());
    await (isPipe ? readPipe(content, descriptor, signal) : readFile(content, descriptor, signal));
    if (content.full) throw new FileUnreadable(path, `is larger than ${inWords(content.maxBytes)}`, 'too large');
    return content.whole();
  } finally {
    content.wipe();
  }
}

async function readFile(content: Content, descriptor: number, signal: AbortSignal): Promise<void> {
  try {
    let bytes: number;
    do {
      signal.throwIfAborted();
      ({ bytesRead: bytes } = await calls.read(descriptor, content.space, 0, content.space.length, null));
      content.take(content.space.subarray(0, bytes));
    } while (bytes > 0 && !content.full);
    // Nobody waits any longer for what came too late.
    signal.throwIfAborted();
  } finally {
    await calls.close(descriptor);
  }
}

/** Reads a pipe to its end; it becomes the socket's, which closes it. */
async function readPipe(content: Content, fd: number, signal: AbortSignal): Promise<void> {
  const callback = (bytes: number, buffer: Uint8Array): boolean => {
    content.take(buffer.subarray(0, bytes));
    if (content.full) socket.destroy();
    return !content.full;
  };
  const onread = { buffer: content.space, callback };
  const socket = new Socket({ fd, readable: true, writable: false, signal, onread });
  await once(socket, 'close');
}

/** What was read so far, up to one byte more than allowed; every copy that it makes is wiped. */
class Content {
  /** Where the next bytes are read to. */
  readonly space: Buffer;
  readonly #parts: Buffer[] = [];
  length = 0;

  constructor(readonly maxBytes: number) {
    this.space = Buffer.alloc(Math.min(maxBytes + 1, 64 * 1024));
  }

  /** Whether there is more than allowed. */
  get full(): boolean {
    return this.length > this.maxBytes;
  }

  take(bytes: Uint8Array): void {
    this.#parts.push(Buffer.from(bytes));
    this.length += bytes.length;
  }

  whole(): Buffer {
    return Buffer.concat(this.#parts);
  }

  wipe(): void {
    for (const part of [this.space, ...this.#parts]) part.fill(0);
  }
}
