import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseServer } from '../lab/databases/database.server.js';
import type { Outage } from './outage-stage.js';

/** What befalls every server. */
export const commonOutages = (server: DatabaseServer): readonly Outage[] => [
  { name: 'a restart', befall: () => server.restart() },
  {
    name: 'a freeze of 5 s',
    befall: async () => {
      await server.freeze();
      await sleep(5000);
      await server.thaw();
    },
  },
];
