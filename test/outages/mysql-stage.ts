import { startFaultProxy } from '../lab/network/fault-proxy.js';
import { startMariadb, type MariadbServer } from '../lab/databases/mariadb.server.js';
import { until } from '../lab/processes/until.js';
import type { OutageStage } from './outage-stage.js';
import { commonOutages } from './server-outages.js';

/** A write is acknowledged when the replica has it, however long that takes. */
const semiSynchronous = {
  'log-bin': 'binlog',
  'log-slave-updates': '1',
  'rpl-semi-sync-master-enabled': '1',
  'rpl-semi-sync-master-timeout': '60000',
  'rpl-semi-sync-master-wait-point': 'AFTER_SYNC',
  // Before the replica is there, and until it is back after a restart, nobody waits; it gets those writes a second
  // later.
  'rpl-semi-sync-master-wait-no-slave': '0',
  'rpl-semi-sync-slave-enabled': '1',
};

/** A primary and its semi-synchronous replica behind one address, which moves at a failover. */
export async function mysqlStage(): Promise<OutageStage> {
  const primary = await startMariadb({ parameters: { ...semiSynchronous, 'server-id': '1' } });
  // The last to acknowledge waits for nobody.
  const replicaVariables = { ...semiSynchronous, 'rpl-semi-sync-master-enabled': '0', 'server-id': '2' };
  const replica = await startMariadb({ parameters: replicaVariables });
  await replicate(primary, replica);
  const address = await startFaultProxy(primary.port);
  return {
    settings: {
      database__provider: 'mysql',
      database__mySqlConnectionString: `Server=${address.host};Port=${address.port};Database=${primary.database};User Id=${primary.user}`,
    },
    outages: [
      ...commonOutages(primary),
      {
        name: 'a failover to the promoted replica',
        befall: async () => {
          await primary.kill('SIGKILL');
          await promote(replica);
          await address.moveTo(replica.port);
        },
      },
    ],
    stop: async () => {
      await address.stop();
      await replica.stop();
      await primary.stop();
    },
  };
}

async function replicate(primary: MariadbServer, replica: MariadbServer): Promise<void> {
  const [position] = await primary.query<{ File: string; Position: number }>('SHOW MASTER STATUS');
  await replica.query(
    `CHANGE MASTER TO MASTER_HOST='${primary.host}', MASTER_PORT=${primary.port}, MASTER_USER='${primary.user}',
     MASTER_LOG_FILE='${position?.File ?? ''}', MASTER_LOG_POS=${position?.Position ?? 0}, MASTER_CONNECT_RETRY=1;
     START SLAVE`,
  );
  const clients = `SHOW STATUS LIKE 'Rpl_semi_sync_master_clients'`;
  await until(async () => {
    const [row] = await primary.query<{ Value: string }>(clients);
    return row?.Value === '1';
  }, 'the replica acknowledges');
}

/** Applies what the replica has received, and no more. */
async function promote(replica: MariadbServer): Promise<void> {
  await replica.query('STOP SLAVE IO_THREAD');
  await until(async () => {
    const [state] = await replica.query<{ Slave_SQL_Running_State: string }>('SHOW SLAVE STATUS');
    return state?.Slave_SQL_Running_State.includes('has read all relay log') === true;
  }, 'the replica has applied what it has received');
  await replica.query('STOP SLAVE');
}
