import { AbstractLogger } from 'typeorm';

/** TypeORM prints failed migrations to the console whatever its settings say; the service logs them itself. */
class SilentLogger extends AbstractLogger {
  protected override writeLog(): void {
    return;
  }
}

/** What every data source has in common. The schema changes by migrations only, under our own lock and transaction. */
export const commonOptions = {
  synchronize: false,
  migrationsRun: false,
  migrationsTableName: 'KeyConnectorMigrations',
  migrationsTransactionMode: 'none',
  logging: false,
  logger: new SilentLogger(),
} as const;
