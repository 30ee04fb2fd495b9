import { closeSync, openSync, readSync } from 'node:fs';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  EISDIR: 'is a folder',
};

/** A file cannot be used; the message says which and why, and nothing of its content. */
export class FileUnreadable extends Error {
  constructor(
    path: string,
    readonly why: string,
  ) {
    super(`${path} ${why}`);
  }
}

/** Reads a small UTF-8 file without its byte-order mark; throws {@link FileUnreadable}. */
export function readTextFile(path: string, maxBytes: number): string {
  const bytes = readUpTo(path, maxBytes + 1);
  try {
    if (bytes.length > maxBytes) throw new FileUnreadable(path, `is larger than ${maxBytes / 1024} KB`);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw error instanceof FileUnreadable ? error : new FileUnreadable(path, 'is not UTF-8 text');
  } finally {
    bytes.fill(0);
  }
}

/** Reads to the end or the limit, whichever comes first, so that no device and no growing file fills the memory. */
function readUpTo(path: string, limit: number): Buffer {
  const buffer = Buffer.alloc(limit);
  let length = 0;
  try {
    const descriptor = openSync(path, 'r');
    try {
      for (let read = -1; read !== 0 && length < limit; length += Math.max(read, 0)) {
        read = readSync(descriptor, buffer, length, limit - length, null);
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const { code = 'unknown cause' } = error as NodeJS.ErrnoException;
    throw new FileUnreadable(path, reasons[code] ?? `cannot be read (${code})`);
  }
  return buffer.subarray(0, length);
}
