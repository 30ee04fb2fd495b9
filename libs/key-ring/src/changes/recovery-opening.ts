import { createSecretKey } from 'node:crypto';
import { UnwrapFailed } from '@key-connector/crypto-providers';
import type { OpenRecoveryKey } from '@key-connector/recovery-keys';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { RingStore } from '../data-keys/ring-store.js';
import { DataKeyUnreadable } from '../key-ring.errors.js';
import { dataKeyCheck } from '../manifest/data-key-check.js';
import type { Manifest } from '../manifest/manifest.js';
import { identityRow, RingSigner } from '../manifest/ring-identity.js';
import { RingChangeRefused } from './changes.errors.js';
import type { PlainKey } from './kek-wrapper.js';

/** Opens a ring with the private half of a recovery key, and believes nothing that it does not compare. */
@Injectable()
export class RecoveryOpening {
  constructor(private readonly store: RingStore) {}

  /**
   * Runs work with the bytes of every data key, and of the identity's seed, which come from the wrappings under the
   * recovery key alone; they are wiped behind it. Of dropped data keys it has those whose drop can still be undone.
   *
   * @throws RingChangeRefused for a recovery key of another ring; DataKeyUnreadable for the first that is not there,
   * does not open, or opens to something else than the manifest names.
   */
  async withPlainKeys<T>(
    manager: EntityManager,
    manifest: Manifest,
    opened: OpenRecoveryKey,
    work: (plain: readonly PlainKey[]) => Promise<T>,
  ): Promise<T> {
    requireRecoveryKey(manifest, opened.key.id);
    const ids = [identityRow, ...manifest.dataKeys.map(({ id }) => id)];
    const wrapped = await this.store.wrappings(manager, opened.key.id, ids);
    const dropped = new Set(manifest.dataKeys.filter(({ state }) => state === 'dropped').map(({ id }) => id));
    const plain: PlainKey[] = [];
    try {
      for (const id of ids) {
        const wrapping = wrapped.get(id);
        if (wrapping === undefined && dropped.has(id)) continue;
        plain.push({ id, bytes: await open(manifest, opened, id, wrapping) });
      }
      return await work(plain);
    } finally {
      for (const { bytes } of plain) bytes.fill(0);
    }
  }
}

async function open(manifest: Manifest, opened: OpenRecoveryKey, id: number, wrapping?: string): Promise<Uint8Array> {
  if (wrapping === undefined) throw unreadable(id, opened, 'is not there');
  const bytes = await opened.unwrap(id, Buffer.from(wrapping, 'base64')).catch((error: unknown) => {
    throw error instanceof UnwrapFailed ? unreadable(id, opened, 'does not open: it is damaged') : error;
  });
  if (isNamed(manifest, id, bytes)) return bytes;
  bytes.fill(0);
  throw unreadable(id, opened, "opens to something else than the ring's manifest names: somebody put it there");
}

/** Whether the manifest means these bytes. */
function isNamed({ ring, dataKeys }: Manifest, id: number, bytes: Uint8Array): boolean {
  if (id === identityRow) return RingSigner.of(bytes).identity.fingerprint === ring;
  const check = dataKeyCheck({ id, secret: createSecretKey(bytes) }, ring);
  return dataKeys.some((dataKey) => dataKey.id === id && dataKey.check === check);
}

function unreadable(id: number, { key }: OpenRecoveryKey, problem: string): DataKeyUnreadable {
  const what = id === identityRow ? "the ring's identity (row -1)" : `data key ${id}`;
  return new DataKeyUnreadable(
    `The wrapping of ${what} under the recovery key ${key.id} in DataKeyWrappings ${problem}. Restore that row from a backup, ` +
      'or use another recovery key. Nothing was changed in the database.',
  );
}

/** Throws RingChangeRefused unless the manifest lists a recovery key with this id. */
export function requireRecoveryKey({ ring, keks }: Manifest, id: string): void {
  const recovery = keks.filter(({ role }) => role === 'recovery').map((kek) => kek.id);
  if (recovery.includes(id)) return;
  throw new RingChangeRefused(
    `The recovery key ${id} is none of the ring ${ring}, which has ${recovery.length === 0 ? 'no recovery key' : recovery.join(', ')}. ` +
      'Is it one of another deployment, or was it removed?',
  );
}
