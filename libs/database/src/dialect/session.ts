import { Logger } from '@nestjs/common';
import { DatabaseSessionWrong } from '../errors/database.errors.js';

/** Something about a session that is not as it was asked for, or not as it was in the sessions before. */
export interface SessionFault {
  /** What it is about, such as `search path`: each is told once. */
  readonly about: string;
  /** Whether it decides where rows are read, or whether what is written is kept. */
  readonly decisive: boolean;
  /** What is wrong, and what to do, in whole sentences. */
  readonly problem: string;
}

/**
 * Hears what is wrong with sessions. A server, a role or a pooler can override, or drop without a word, what a session
 * was asked to be: each product asks its new sessions, and in every ping, what they are.
 */
export class SessionFaults {
  private readonly logger = new Logger('DatabaseSession');
  private readonly told = new Set<string>();

  constructor(private readonly database: string) {}

  /**
   * Warns once of each thing that only costs a limit or a comfort.
   *
   * @throws DatabaseSessionWrong when rows would be read elsewhere, or what is written would not be kept.
   */
  hear(faults: readonly SessionFault[]): void {
    const decisive = faults.filter((fault) => fault.decisive);
    if (decisive.length > 0) {
      throw new DatabaseSessionWrong(`${this.database}: ${decisive.map(({ problem }) => problem).join(' ')}`);
    }
    for (const { about, problem } of faults) {
      if (this.told.has(about)) continue;
      this.told.add(about);
      this.logger.warn({ msg: `A session of the database is not as asked for: ${problem}`, database: this.database });
    }
  }
}
