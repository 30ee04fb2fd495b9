import { SilentLogger } from './silent.logger.js';

/** What every data source has in common. The schema changes by migrations only, under our own lock and transaction. */
export const commonOptions = {
  synchronize: false,
  migrationsRun: false,
  migrationsTableName: 'KeyConnectorMigrations',
  migrationsTransactionMode: 'none',
  logging: false,
  logger: new SilentLogger(),
} as const;
