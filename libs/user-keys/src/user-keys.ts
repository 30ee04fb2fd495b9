import type { UserId } from '@key-connector/common';
import { KeyRing } from '@key-connector/key-ring';
import { AuditLog, Metrics } from '@key-connector/observability';
import { Injectable } from '@nestjs/common';
import { AccessRecorder } from './access-recorder.js';
import { UserKeyReader } from './user-key-reader.js';
import { UserKeyWriter } from './user-key-writer.js';
import { UserKeyNotFound } from './user-keys.errors.js';

/** Keeps each member's key: sealed by the key ring, one row a member. */
@Injectable()
export class UserKeys {
  private readonly replaced;

  constructor(
    private readonly reader: UserKeyReader,
    private readonly writer: UserKeyWriter,
    private readonly accesses: AccessRecorder,
    private readonly ring: KeyRing,
    private readonly audit: AuditLog,
    metrics: Metrics,
  ) {
    this.replaced = metrics.counter({
      name: 'key_connector_user_keys_replaced_total',
      help: 'PUTs that replaced another key than they brought.',
    });
  }

  /** The member's key; the caller wipes it. */
  async read(id: UserId): Promise<Buffer> {
    this.ring.requireLoaded();
    const stored = await this.reader.read(id);
    if (stored === undefined) throw new UserKeyNotFound();
    const key = await this.ring.open(stored);
    this.accesses.record(stored);
    return key;
  }

  /** Stores the member's first key; the primary key decides between many that try at once. */
  async create(id: UserId, key: Uint8Array): Promise<void> {
    await this.ring.untilSealing();
    await this.writer.store({ id, key, kind: 'first' });
  }

  /** Stores or replaces the member's key. That another key was replaced, the audit log says by the request's id. */
  async replace(id: UserId, key: Uint8Array, requestId: string): Promise<void> {
    await this.ring.untilSealing();
    const stored = await this.writer.store({ id, key, kind: 'put' });
    if (stored !== 'replaced') return;
    this.replaced.inc();
    this.audit.record({ event: 'user-key.replaced', outcome: 'done', userId: id, requestId });
  }
}
