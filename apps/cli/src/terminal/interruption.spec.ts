import { setTimeout as wait } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { Interruption } from './interruption.js';
import { Output } from './output.js';
import { TypedStreams } from './testing/typed-streams.js';

const next = 'Run it again to go on.';
const interruption = (): Interruption => new Interruption(new Output(new TypedStreams(false)));
const ctrlC = (): void => void process.emit('SIGINT');

test('Ctrl-C stops the work between two steps, and says how to go on', async () => {
  let steps = 0;
  const working = interruption().during((signal) => {
    for (;;) {
      signal.throwIfAborted();
      if ((steps += 1) === 3) ctrlC();
    }
  }, next);
  await expect(working).rejects.toMatchObject({ kind: 'interrupted', message: `Stopped. ${next}` });
  expect(steps).toBe(3);
});

test('what of Node ends by the signal counts as stopped too', async () => {
  const working = interruption().during(async (signal) => {
    setImmediate(ctrlC);
    await wait(60_000, undefined, { signal });
  }, next);
  await expect(working).rejects.toMatchObject({ kind: 'interrupted' });
});

test('work that was done in spite of Ctrl-C is done, and what it failed with is never hidden', async () => {
  const done = interruption().during(() => {
    ctrlC();
    return Promise.resolve('done');
  }, next);
  await expect(done).resolves.toBe('done');
  const failed = interruption().during(() => {
    ctrlC();
    return Promise.reject(new Error('the disk is full'));
  }, next);
  await expect(failed).rejects.toThrow('the disk is full');
});

test('a second Ctrl-C ends the process at once, and afterwards Ctrl-C is nobody’s', async () => {
  const before = process.listenerCount('SIGINT');
  const exit = jest.spyOn(process, 'exit').mockReturnValue(undefined as never);
  try {
    await interruption().during(() => {
      ctrlC();
      expect(exit).not.toHaveBeenCalled();
      ctrlC();
      return Promise.resolve();
    }, next);
    expect(exit).toHaveBeenCalledWith(130);
    expect(process.listenerCount('SIGINT')).toBe(before);
  } finally {
    exit.mockRestore();
  }
});
