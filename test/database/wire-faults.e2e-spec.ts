import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { UserId } from '@key-connector/common';
import { DatabaseUnavailable, type Database } from '@key-connector/database';
import { type FaultProxy, faultProxyTool, startFaultProxy } from '../lab/network/fault-proxy.js';
import { describeIf } from '../lab/skip/skip.js';
import { placeOf, type ProxiedKind, proxiedKinds } from './behind-a-proxy.js';
import { newId, put, useDatabases } from './open-database.js';

/** Long enough for many network packets, so that an answer can break off in its middle. */
const longValue = 'v'.repeat(200_000);

for (const { kind, possible, reason, start, through } of proxiedKinds) {
  const why = possible ? faultProxyTool.reason : reason;
  describeIf(possible && faultProxyTool.installed, why, `a bad network before ${kind}`, () => {
    wireFaults(start, through);
  });
}

function wireFaults(start: ProxiedKind['start'], through: ProxiedKind['through']): void {
  const suite = useDatabases(start);
  let proxy: FaultProxy | undefined;
  let database: Database;
  const id = newId();

  const there = (): FaultProxy => {
    if (proxy === undefined) throw new Error('the proxy is there once a test runs');
    return proxy;
  };
  const valueOf = async (member: UserId): Promise<string | undefined> =>
    (await database.read(({ userKeys }) => userKeys.find([member])))[0]?.value;
  beforeEach(async () => {
    const { host, port } = placeOf(suite.place.settings);
    proxy = await startFaultProxy(port, host);
    // Eight long values at once, on processors that others use too, fit well into them.
    const limits = { statementTimeoutSeconds: '3', acquireTimeoutSeconds: '3' };
    database = await suite.open({ ...through(suite.place.settings, proxy.port), ...limits });
    await put(database, id, longValue);
  });
  afterEach(() => proxy?.stop());

  test('an answer that breaks off in its middle is never taken for a whole one', async () => {
    await there().breakOffAfter(100_000);
    await expect(valueOf(id)).rejects.toThrow(DatabaseUnavailable);
    await there().heal();
    expect(await valueOf(id)).toBe(longValue);
  });

  test('connections that were cut while idle cost a read nothing', async () => {
    await Promise.all(Array.from({ length: 8 }, () => valueOf(id)));
    await there().cut();
    await there().heal();
    expect(await valueOf(id)).toBe(longValue);
  });

  test('a reset in an answer is unavailable, and over when the network is good again', async () => {
    await there().reset();
    await expect(valueOf(id)).rejects.toThrow(DatabaseUnavailable);
    await there().heal();
    expect(await valueOf(id)).toBe(longValue);
  });

  test('a network that goes silent costs one deadline, and no connection of that time is used again', async () => {
    await there().stall();
    const started = performance.now();
    await expect(valueOf(id)).rejects.toThrow(DatabaseUnavailable);
    await expect(put(database, newId(), 'x')).rejects.toThrow(DatabaseUnavailable);
    // Far from a time-out of TCP, which would be minutes.
    expect(performance.now() - started).toBeLessThan(40_000);
    await there().heal();
    expect(await valueOf(id)).toBe(longValue);
  });
}
