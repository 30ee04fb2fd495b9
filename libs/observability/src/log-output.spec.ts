import { describe, expect, test } from '@jest/globals';
import { LogOutput, type Sink } from './log-output.js';

/** A descriptor whose writes end when the test says so. */
class HeldSink implements Sink {
  readonly taken: string[] = [];
  private pending: { bytes: Uint8Array; done: (error: Error | null, written: number) => void } | undefined;

  write(bytes: Uint8Array, done: (error: Error | null, written: number) => void): void {
    if (this.pending !== undefined) throw new Error('a write is under way');
    this.pending = { bytes, done };
  }

  writeSync(bytes: Uint8Array): number {
    this.taken.push(Buffer.from(bytes).toString());
    return bytes.length;
  }

  /** Ends the write under way, having taken so much of it; false when there is none. */
  take(most = Number.POSITIVE_INFINITY): boolean {
    const { pending } = this;
    if (pending === undefined) return false;
    this.pending = undefined;
    const part = pending.bytes.subarray(0, most);
    this.taken.push(Buffer.from(part).toString());
    pending.done(null, part.length);
    return true;
  }

  fail(error: Error): void {
    const { pending } = this;
    this.pending = undefined;
    pending?.done(error, 0);
  }

  get text(): string {
    return this.taken.join('');
  }
}

const line = (index: number): string => `{"msg":"line ${index}"}\n`;

describe('lines on their way out', () => {
  test('go in order, each once, many in one write, whatever part of a write is taken', () => {
    const sink = new HeldSink();
    const output = new LogOutput(sink);
    const lines = Array.from({ length: 20_000 }, (_, index) => line(index));
    for (const one of lines) output.add(one, 'ordinary');
    output.flush();
    let writes = 0;
    for (; sink.take(100_001); writes += 1);
    expect(sink.text).toBe(lines.join(''));
    // 400 lines and more in each.
    expect(writes).toBeLessThan(50);
    expect(output.waiting).toBe(0);
  });

  test('wait for flush while there are few', () => {
    const sink = new HeldSink();
    const output = new LogOutput(sink);
    output.add(line(1), 'ordinary');
    expect(sink.take()).toBe(false);
    output.flush();
    sink.take();
    expect(sink.text).toBe(line(1));
  });

  test('that anybody can cause are left out first and counted, and those of keys never', () => {
    const sink = new HeldSink();
    const output = new LogOutput(sink);
    const flood = `${'x'.repeat(255)}\n`;
    for (let index = 0; index < 50_000; index += 1) {
      output.add(flood, 'flood');
      if (index % 100 === 0) output.add(line(index), 'kept');
      if (index % 100 === 50) output.add(`ordinary ${index}\n`, 'ordinary');
    }
    expect(output.waiting).toBeLessThan(1.2 * 1024 * 1024);
    expect(output.takeLeftOut()).toBe(0);
    output.flush();
    while (sink.take());
    expect(sink.text.match(/line \d+/g)).toHaveLength(500);
    expect(sink.text.match(/ordinary \d+/g)).toHaveLength(500);
    const floods = sink.text.split(flood).length - 1;
    expect(output.takeLeftOut()).toBe(50_000 - floods);
    expect(output.takeLeftOut()).toBe(0);
  });

  test('of keys make it full when nobody takes them, until somebody does', () => {
    const sink = new HeldSink();
    const output = new LogOutput(sink);
    const key = `${'k'.repeat(255)}\n`;
    for (let index = 0; index < 33_000; index += 1) output.add(key, 'kept');
    expect(output.full).toBe(true);
    output.flush();
    while (sink.take());
    expect(output.full).toBe(false);
    expect(sink.text).toHaveLength(33_000 * 256);
  });

  test('that could not be written are tried again with the next flush', () => {
    const sink = new HeldSink();
    const output = new LogOutput(sink);
    output.add(line(1), 'kept');
    output.flush();
    sink.fail(Object.assign(new Error('try again'), { code: 'EAGAIN' }));
    expect(sink.take()).toBe(false);
    output.add(line(2), 'kept');
    output.flush();
    while (sink.take());
    expect(sink.text).toBe(line(1) + line(2));
  });

  test('are written at the end of the process', () => {
    const sink = new HeldSink();
    const output = new LogOutput(sink);
    output.add(line(1), 'kept');
    output.add(line(2), 'flood');
    output.flushAtExit();
    expect(sink.text).toBe(line(1) + line(2));
  });
});
