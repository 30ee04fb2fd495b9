import { afterEach, expect, test } from '@jest/globals';
import { KeyConnectorError, type ErrorCode } from '@key-connector/common';
import { CommandFailed } from './command.errors.js';
import { Output } from './output.js';
import { table } from './table.js';
import { TypedStreams } from './testing/typed-streams.js';

class Thrown extends KeyConnectorError {
  constructor(readonly code: ErrorCode) {
    super(`What ${code} means.`);
  }
}

afterEach(() => {
  process.exitCode = undefined;
});

test.each([
  [new Thrown('SETTINGS_INVALID'), 'settings', 3],
  [new Thrown('DATABASE_UNAVAILABLE'), 'database', 4],
  [new Thrown('KEY_PROVIDER_UNAVAILABLE'), 'key provider', 5],
  [new CommandFailed('refused', 'IN_USE', 'It is in use.'), 'refused', 6],
  [new Thrown('DATA_KEY_UNREADABLE'), 'damaged', 7],
  [new Thrown('INTERNAL'), 'failed', 1],
])('a failure has an exit code of its kind, and with --json is the one document: %s', async (error, kind, exitCode) => {
  const streams = new TypedStreams(false);
  const output = new Output(streams);
  output.json = true;
  await output.failure(error);
  expect(JSON.parse(streams.resultText)).toEqual({
    error: { kind, exitCode, code: error.code, message: error.message },
  });
  expect(streams.messagesText).toBe(`${error.message}\n`);
  expect(process.exitCode).toBe(exitCode);
});

test('the result is text for a person, or the document alone', async () => {
  const said = async (json: boolean): Promise<string> => {
    const streams = new TypedStreams(true);
    const output = new Output(streams);
    output.json = json;
    await output.result({ keys: [{ id: 0, values: 17 }] }, () =>
      table(
        ['id', 'state', 'values'],
        [
          [0, 'active', 17],
          [12, undefined, 4],
        ],
      ),
    );
    return streams.resultText;
  };
  expect(await said(false)).toBe('id  state   values\n 0  active      17\n12  -            4\n');
  expect(JSON.parse(await said(true))).toEqual({ keys: [{ id: 0, values: 17 }] });
});
