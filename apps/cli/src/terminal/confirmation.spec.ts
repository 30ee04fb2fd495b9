import { expect, test } from '@jest/globals';
import { Confirmation } from './confirmation.js';
import { Output } from './output.js';
import { Questions } from './questions.js';
import { TypedStreams } from './testing/typed-streams.js';

const deed = { what: 'Drops data key 3: that cannot be undone.', word: 'drop-3' };

function at(streams: TypedStreams, yes = false): Promise<void> {
  return new Confirmation(new Questions(streams), new Output(streams)).of({ ...deed, yes });
}

test('where nobody can be asked, nothing that cannot be undone is done without --yes', async () => {
  await expect(at(new TypedStreams(false))).rejects.toMatchObject({
    kind: 'refused',
    code: 'NOT_CONFIRMED',
    message: expect.stringMatching(/Drops data key 3.*--yes/) as unknown,
  });
  await expect(at(new TypedStreams(false), true)).resolves.toBeUndefined();
});

/** What came of asking at a terminal: `undefined`, or what was thrown. */
async function answered(keys: string): Promise<unknown> {
  const streams = new TypedStreams(true);
  const asking = at(streams).catch((error: unknown) => error);
  await streams.typeAt('Type drop-3 to go on:', keys);
  const outcome = await asking;
  expect(streams.messagesText).toContain(deed.what);
  expect(streams.resultText).toBe('');
  return outcome;
}

test('at a terminal, what confirms it is the name of the thing alone', async () => {
  expect(await answered('drop-3\r')).toBeUndefined();
  for (const keys of ['y\r', '\r', 'drop-33\r'])
    expect(await answered(keys)).toMatchObject({ kind: 'refused', code: 'NOT_CONFIRMED' });
  expect(await answered('\x03')).toMatchObject({ kind: 'interrupted' });
});
