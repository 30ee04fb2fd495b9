import { AbstractLogger } from 'typeorm';

/** TypeORM prints failed migrations to the console whatever its settings say; the service logs them itself. */
export class SilentLogger extends AbstractLogger {
  protected override writeLog(): void {
    return;
  }
}
