import { expect, test } from '@jest/globals';
import { Output } from './output.js';
import { ProgressReport } from './progress.js';
import { TypedStreams } from './testing/typed-streams.js';

const plan = { what: 'values sealed anew', total: 2_000, done: 500 };

async function shown(isTerminal: boolean, end?: Error): Promise<string> {
  const streams = new TypedStreams(isTerminal);
  const report = new ProgressReport(streams, new Output(streams));
  const working = report.during(plan, (progress) => {
    progress.advance(1_000);
    progress.advance();
    return end === undefined ? Promise.resolve() : Promise.reject(end);
  });
  await (end === undefined ? working : expect(working).rejects.toBe(end));
  expect(streams.resultText).toBe('');
  return streams.messagesText;
}

test('on a terminal it is a bar, elsewhere lines without control characters; both say how far, how fast and how long', async () => {
  const said = /1,501 of 2,000 values sealed anew \(75 %\), [\d,]+\/s, 1 s left/;
  const bar = await shown(true);
  expect(bar).toMatch(said);
  expect(bar).toContain('█');
  const lines = await shown(false);
  expect(lines).toMatch(new RegExp(`^${said.source}\\n$`));
});

test('work that fails ends it, and its error goes through', async () => {
  expect(await shown(true, new Error('the database went away'))).toContain('75 %');
});

test('nothing to do is all done', async () => {
  const streams = new TypedStreams(true);
  await new ProgressReport(streams, new Output(streams)).during({ what: 'values', total: 0 }, () => Promise.resolve());
  expect(streams.messagesText).toContain('0 of 0 values (100 %)');
});
