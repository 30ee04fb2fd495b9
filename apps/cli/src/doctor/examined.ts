import { KeyProvider } from '@key-connector/crypto-providers';
import { Database, type DatabaseFacts, DatabaseLook, UserKeyRows } from '@key-connector/database';
import { type OpenedRing, RingLook, type StoredFacts } from '@key-connector/key-ring';
import type { Settings } from '@key-connector/settings';
import type { INestApplicationContext } from '@nestjs/common';
import type { ProgressReport } from '../terminal/progress.js';

/** What the operator asked for. */
export interface DoctorOptions {
  /** Open every member's value, not only the newest. */
  readonly all: boolean;
  /** Where members' clients reach the service. */
  readonly publicUrl: URL | undefined;
}

/** A deployment under examination: what several checks ask is asked once. */
export class Examined {
  readonly look: DatabaseLook;
  readonly database: Database;
  readonly userKeys: UserKeyRows;
  private readonly ring: RingLook;
  private readonly keyProvider: KeyProvider;
  private readonly asked = new Map<string, Promise<unknown>>();

  constructor(
    readonly settings: Settings,
    readonly envFiles: readonly string[] | undefined,
    readonly options: DoctorOptions,
    readonly progress: ProgressReport,
    readonly signal: AbortSignal,
    context: INestApplicationContext,
  ) {
    this.look = context.get(DatabaseLook, { strict: false });
    this.database = context.get(Database, { strict: false });
    this.userKeys = context.get(UserKeyRows, { strict: false });
    this.ring = context.get(RingLook, { strict: false });
    this.keyProvider = context.get(KeyProvider, { strict: false });
  }

  /** What the database is; throws where it cannot be looked at. */
  facts(): Promise<DatabaseFacts> {
    return this.once('facts', () => this.look.facts());
  }

  /** Whether there are all tables, so that rows can be looked at. */
  async hasTables(): Promise<boolean> {
    const { isToBeMade, pending } = await this.facts();
    return !isToBeMade && pending.length === 0;
  }

  /** What is stored; ask only where there are tables. */
  stored(): Promise<StoredFacts> {
    return this.once('stored', async () => {
      await this.database.connect();
      return this.ring.stored();
    });
  }

  /** The ring, opened; ask only where there are tables. */
  opened(): Promise<OpenedRing> {
    return this.once('opened', async () => {
      await this.stored();
      return this.ring.open();
    });
  }

  /** Opens the key provider by itself, for a database that tells nothing of its keys. Gives its description. */
  async openKeyAlone(): Promise<string> {
    const { description, id } = await this.keyProvider.open();
    return `${description} (${id})`;
  }

  get keyProviderDescription(): string {
    return this.keyProvider.description;
  }

  private once<T>(name: string, work: () => Promise<T>): Promise<T> {
    const asked = (this.asked.get(name) as Promise<T> | undefined) ?? work();
    this.asked.set(name, asked);
    return asked;
  }
}
