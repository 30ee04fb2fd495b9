import { standbyOf } from '../database/standby.js';
import { startPostgres } from '../lab/databases/postgres.server.js';
import { until } from '../lab/processes/until.js';
import type { OutageStage } from './outage-stage.js';
import { commonOutages } from './server-outages.js';

/** A primary and its synchronous standby, so that what was acknowledged is on both. */
export async function postgresqlStage(): Promise<OutageStage> {
  const primary = await startPostgres();
  const standby = await standbyOf(primary);
  await primary.restart();
  await primary.query(`ALTER SYSTEM SET synchronous_standby_names = '*'`);
  await primary.query('SELECT pg_reload_conf()');
  const streaming = `SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'`;
  await until(async () => (await primary.query(streaming)).length > 0, 'the standby streams');
  const hosts = [primary.port, standby.port].map((port) => `127.0.0.1:${port}`).join(',');
  return {
    settings: {
      database__provider: 'postgresql',
      database__postgreSqlConnectionString: `Host=${hosts};Database=${primary.database};Username=postgres`,
    },
    outages: [
      ...commonOutages(primary),
      {
        name: 'a failover to the promoted standby',
        befall: async () => {
          await primary.kill('SIGKILL');
          await standby.query('SELECT pg_promote()');
        },
      },
    ],
    stop: async () => {
      await standby.stop();
      await primary.stop();
    },
  };
}
