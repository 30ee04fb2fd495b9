import type { ServerKind } from '../database/server-kind.js';
import type { TestDatabases } from '../database/test-database.js';
import { until } from '../lab/processes/until.js';
import type { FirstStartKind, Stop } from './first-start.suite.js';

/** A place by the SQL that takes what the start needs next. */
type SqlStop = readonly [where: string, hold: string];

/** The suite's view of a database server, which shows who waits for what. */
export function onServer(
  kind: ServerKind,
  start: () => Promise<TestDatabases>,
  places: Pick<FirstStartKind, 'rounds'> & {
    readonly migrationStops: readonly SqlStop[];
    readonly dataKeyStops: readonly SqlStop[];
  },
): FirstStartKind {
  const stop = ([where, sql]: SqlStop): Stop => ({
    where,
    hold: ({ settings }) => kind.hold(settings[kind.stringSetting] ?? '', sql),
  });
  return {
    ...kind,
    start,
    rounds: places.rounds,
    migrationStops: places.migrationStops.map(stop),
    dataKeyStops: places.dataKeyStops.map(stop),
    // One waits for the test's connection, the other one for that one.
    untilStuck: (place, { length }) =>
      until(async () => (await place.sql(kind.waiting)).length === length, `${length} starts wait for a lock`, 30_000),
    untilAlone: (place) =>
      until(async () => (await place.sql(kind.others)).length === 0, 'the dead connections are gone'),
  };
}
