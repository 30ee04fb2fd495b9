import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { SessionFault, SessionFaults } from '../dialect/session.js';

/** What a session of SQL Server says of itself. */
export interface Place {
  readonly place: string;
  /** The user's default schema: tables are found, and made, there. */
  readonly schema: string | null;
  /** A bit for each option of the session (SET options). */
  readonly options: number;
}

export const placeQuestion = 'SELECT DB_NAME() AS [place], SCHEMA_NAME() AS [schema], @@OPTIONS AS [options]';

/** IMPLICIT_TRANSACTIONS: a statement begins a transaction, which nobody commits. */
const implicitTransactions = 2;

/** DELAYED_DURABILITY = FORCED. */
const forced = 2;

/** Tells, once, of a database that acknowledges what is not on its disk yet. */
export class DurabilityLook {
  private readonly logger = new Logger('Database');
  private told = false;

  constructor(private readonly database: string) {}

  async look(manager: EntityManager): Promise<void> {
    const rows = await manager
      .query<{ delayed: number }[]>(
        'SELECT [delayed_durability] AS [delayed] FROM [sys].[databases] WHERE [database_id] = DB_ID()',
      )
      // For a warning only: no start ends because something else that speaks the protocol does not know the column.
      .catch(() => []);
    if (this.told || !rows.some(({ delayed }) => delayed === forced)) return;
    this.told = true;
    this.logger.warn({
      msg:
        'A key that was acknowledged may be lost when the server or its machine crashes: the database has ' +
        'DELAYED_DURABILITY = FORCED. Set it to DISABLED or ALLOWED.',
      database: this.database,
    });
  }
}

/** Judges what sessions of SQL Server say of themselves. */
export class SqlserverSessions {
  private first: Place | undefined;

  constructor(
    private readonly faults: SessionFaults,
    private readonly database: string | undefined,
  ) {}

  /**
   * @throws DatabaseSessionWrong when rows are read elsewhere than was asked for, or than at first, or are not kept.
   */
  look(now: Place): void {
    const faults: SessionFault[] = [];
    const fault = (about: string, problem: string): void => void faults.push({ about, decisive: true, problem });
    const { place, schema } = this.first ?? { ...now, place: this.database ?? now.place };
    // The server's collation decides whether case counts; the name is as the database was made.
    if (now.place.toLowerCase() !== place.toLowerCase()) {
      fault(
        'database',
        `The session is in the database "${now.place}", not in "${place}". Look at what stands before the server.`,
      );
    }
    if (now.schema !== schema) {
      fault(
        'schema',
        `The session reads members in the schema "${now.schema ?? ''}", the first one read them in "${schema ?? ''}". ` +
          'The user’s DEFAULT_SCHEMA, or the server, was changed while this service ran: undo it, or restart the service.',
      );
    }
    if ((now.options & implicitTransactions) !== 0) {
      fault(
        'implicit transactions',
        'The session begins transactions by itself (IMPLICIT_TRANSACTIONS is on, although it was set off), so no key would be ' +
          'kept. Look at what stands before the server, and at its user options.',
      );
    }
    this.faults.hear(faults);
    this.first ??= now;
  }
}
