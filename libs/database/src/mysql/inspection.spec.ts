import { expect, test } from '@jest/globals';
import { durabilityProblems } from './inspection.js';

test.each<readonly [what: string, variables: Readonly<Record<string, string>>, told: readonly string[]]>([
  ['flushes at each commit', { innodb_flush_log_at_trx_commit: '1', log_bin: 'OFF', sync_binlog: '0' }, []],
  ['flushes as MariaDB 5.5 did', { innodb_flush_log_at_trx_commit: '3' }, []],
  ['flushes once a second', { innodb_flush_log_at_trx_commit: '0' }, ['innodb_flush_log_at_trx_commit is 0']],
  ['leaves it to the system', { innodb_flush_log_at_trx_commit: '2' }, ['innodb_flush_log_at_trx_commit is 2']],
  [
    'keeps its binary log in memory',
    { Innodb_flush_log_at_trx_commit: '1', log_bin: 'ON', sync_binlog: '0' },
    ['sync_binlog is 0'],
  ],
  ['syncs its binary log', { innodb_flush_log_at_trx_commit: '1', log_bin: 'ON', sync_binlog: '1' }, []],
  ['is a node of a cluster', { innodb_flush_log_at_trx_commit: '0', log_bin: 'ON', wsrep_on: 'ON' }, []],
  ['knows none of it', {}, []],
])('a server that %s is told of where a crash may cost a key', (_, variables, told) => {
  const rows = Object.entries(variables).map(([name, value]) => ({ Variable_name: name, Value: value }));
  expect(durabilityProblems(rows)).toEqual(told.map((text): unknown => expect.stringContaining(text)));
});
