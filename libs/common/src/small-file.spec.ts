import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { lookup } from 'node:dns/promises';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';

import { FileUnreadable, readSmallFile, readSmallText } from './small-file.js';

const folder = mkdtempSync(join(tmpdir(), 'small-file-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const limits = { maxBytes: 1024, seconds: 20 };
const soon = { maxBytes: 1024, seconds: 0.2 };

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

function fifo(name: string): string {
  execFileSync('mkfifo', [join(folder, name)]);
  return join(folder, name);
}

/** Opens a FIFO as a writer; waits, as any writer does, until somebody reads it. */
const writer = (path: string) => open(path, 'w');

async function problemOf(reading: Promise<unknown>): Promise<FileUnreadable> {
  const thrown = await reading.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof FileUnreadable)) throw new Error('a FileUnreadable was expected', { cause: thrown });
  return thrown;
}

describe('a small file', () => {
  it('is read whole, up to its limit', async () => {
    await expect(readSmallFile(file('full', Buffer.alloc(1024, 7)), limits)).resolves.toEqual(Buffer.alloc(1024, 7));
    await expect(readSmallFile(file('empty', ''), limits)).resolves.toHaveLength(0);
  });

  it('is read whole where it takes many reads', async () => {
    const large = Buffer.alloc(300_001, 'key');
    const content = await readSmallFile(file('large', large), { maxBytes: 300_001, seconds: 20 });
    expect(large.equals(content)).toBe(true);
  });

  it('is text without its byte-order mark', async () => {
    await expect(readSmallText(file('marked', '\uFEFFpin: ü\n'), limits)).resolves.toBe('pin: ü\n');
  });

  it.each([
    ['it is not there', () => join(folder, 'nowhere'), 'does not exist', 'missing'],
    ['a folder in its path is a file', () => join(file('flat', ''), 'pin'), /^does not exist: a part/, 'missing'],
    ['it is a folder', () => folder, 'is a folder', 'other'],
    ['it is a link to itself', () => link('circle', 'circle'), 'is a link that leads back to itself', 'other'],
    ['it is too large', () => file('big', Buffer.alloc(1025)), 'is larger than 1 KB', 'too large'],
    ['it is a device without end', () => '/dev/zero', 'is larger than 1 KB', 'too large'],
    ['it is no text', () => file('bytes', Buffer.of(0xc3, 0x28)), 'is not UTF-8 text', 'not text'],
    ['its name is impossible', () => `${folder}/\0`, 'cannot be read (ERR_INVALID_ARG_VALUE)', 'other'],
  ])('is refused with path and reason when %s', async (_, at, why, problem) => {
    const path = at();
    const error = await problemOf(readSmallText(path, limits));
    expect(error).toMatchObject({ path, problem, message: `${path} ${error.why}` });
    expect(error.why).toMatch(why);
  });
});

function link(name: string, target: string): string {
  symlinkSync(join(folder, target), join(folder, name));
  return join(folder, name);
}

describe('a pipe', () => {
  it('is read to its end, however its writer cuts the text', async () => {
    const path = fifo('cut');
    const text = readSmallText(path, limits);
    await using hand = await writer(path);
    await hand.write('hun');
    await hand.write('ter2');
    await hand.close();
    await expect(text).resolves.toBe('hunter2');
  });

  it('is read when its writer came first', async () => {
    const path = fifo('first');
    spawn('sh', ['-c', 'printf hunter2 > "$0"', path], { stdio: 'ignore' });
    await expect(readSmallText(path, limits)).resolves.toBe('hunter2');
  });

  it('is read by the name of its descriptor', async () => {
    const path = fifo('numbered');
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const text = readSmallText(`/dev/fd/${descriptor}`, limits);
    await using hand = await writer(path);
    await hand.write('hunter2');
    await hand.close();
    await expect(text).resolves.toBe('hunter2');
    closeSync(descriptor);
  });

  it('is empty when its writer gave nothing', async () => {
    const path = fifo('nothing');
    const text = readSmallText(path, limits);
    await (await writer(path)).close();
    await expect(text).resolves.toBe('');
  });

  it('that nobody writes is given up at the deadline', async () => {
    const path = fifo('silent');
    const { why, problem } = await problemOf(readSmallFile(path, soon));
    expect({ why, problem }).toEqual({ why: 'gave nothing within 0.2 seconds', problem: 'late' });
  });

  it('that its writer never closes is given up at the deadline', async () => {
    const path = fifo('open');
    // Opened for reading too, which waits for no reader.
    await using hand = await open(path, 'r+');
    await hand.write('hunter2');
    const { why, message } = await problemOf(readSmallFile(path, { maxBytes: 1024, seconds: 2 }));
    expect(why).toBe('did not end within 2 seconds');
    expect(message).not.toContain('hunter2');
  });

  it('that holds more than allowed is refused, though its writer goes on', async () => {
    const path = fifo('flood');
    const flood = spawn('sh', ['-c', 'exec yes > "$0"', path], { stdio: 'ignore' });
    await expect(problemOf(readSmallFile(path, limits))).resolves.toMatchObject({ problem: 'too large' });
    // Nobody reads any longer, so that its next write ends it.
    await new Promise((resolve) => flood.once('close', resolve));
  });

  it('that nobody writes takes no thread: with eight of them, files and names are still found', async () => {
    const waiting = Array.from({ length: 8 }, (_, index) => problemOf(readSmallFile(fifo(`idle${index}`), soon)));
    await expect(lookup('localhost')).resolves.toBeDefined();
    await expect(readSmallText(file('beside', 'hunter2'), limits)).resolves.toBe('hunter2');
    await expect(Promise.all(waiting)).resolves.toHaveLength(8);
  });

  it('leaves no descriptor behind, read or given up', async () => {
    const before = nextDescriptor();
    const path = fifo('count');
    const text = readSmallText(path, limits);
    await (await writer(path)).close();
    await text;
    await problemOf(readSmallFile(path, soon));
    expect(nextDescriptor()).toBe(before);
  });
});

/** The lowest free descriptor of this process, which the system gives to the next file. */
function nextDescriptor(): number {
  const descriptor = openSync('/dev/null', 'r');
  closeSync(descriptor);
  return descriptor;
}
