import type { UserId } from '@key-connector/common';
import { KeyRing } from '@key-connector/key-ring';
import { Injectable } from '@nestjs/common';
import { AccessRecorder } from './access-recorder.js';
import { UserKeyReader } from './user-key-reader.js';
import { UserKeyWriter } from './user-key-writer.js';
import { UserKeyNotFound } from './user-keys.errors.js';

/** Keeps each member's key: sealed by the key ring, one row a member. */
@Injectable()
export class UserKeys {
  constructor(
    private readonly reader: UserKeyReader,
    private readonly writer: UserKeyWriter,
    private readonly accesses: AccessRecorder,
    private readonly ring: KeyRing,
  ) {}

  /** The member's key; the caller wipes it. */
  async read(id: UserId): Promise<Buffer> {
    this.ring.requireLoaded();
    const stored = await this.reader.read(id);
    if (stored === undefined) throw new UserKeyNotFound();
    const key = await this.ring.open(stored);
    this.accesses.record(id);
    return key;
  }

  /** Stores the member's first key; the primary key decides between many that try at once. */
  async create(id: UserId, key: Uint8Array): Promise<void> {
    await this.writer.store({ sealed: this.ring.seal(id, key), key, first: true });
  }

  /** Stores or replaces the member's key. */
  async replace(id: UserId, key: Uint8Array): Promise<void> {
    await this.writer.store({ sealed: this.ring.seal(id, key), key, first: false });
  }
}
