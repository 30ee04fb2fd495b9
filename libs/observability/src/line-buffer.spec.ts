import { describe, expect, it } from '@jest/globals';
import { LineBuffer } from './line-buffer.js';

describe('log lines', () => {
  it('are handed over in order, each once, joined when there are enough of them', () => {
    const written: string[] = [];
    const buffer = new LineBuffer({ write: (text: string) => written.push(text) });
    const lines = Array.from({ length: 1000 }, (_, index) => `{"msg":"line ${index}"}\n`);
    for (const line of lines) buffer.write(line);
    expect(written.length).toBeLessThan(10);
    buffer.flush();
    buffer.flush();
    expect(written.join('')).toBe(lines.join(''));
  });

  it('that do not fill the buffer wait for flush', () => {
    const written: string[] = [];
    const buffer = new LineBuffer({ write: (text: string) => written.push(text) });
    buffer.write('{}\n');
    expect(written).toEqual([]);
    buffer.flush();
    expect(written).toEqual(['{}\n']);
  });
});
