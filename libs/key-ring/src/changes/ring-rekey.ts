import { Injectable } from '@nestjs/common';
import { dataKeyCheck } from '../manifest/data-key-check.js';
import { identityRow, RingSigner } from '../manifest/ring-identity.js';
import type { HeldManifest } from '../manifest/succession.js';
import { presentDataKeys, RingChanges, type RingView } from './ring-changes.js';

/**
 * Gives a ring another identity: for when somebody may have the old one, with a key-encryption key, a recovery key or a host
 * that could use one. Data keys and values stay; whoever had those should rotate and seal anew too.
 */
@Injectable()
export class RingRekey {
  constructor(private readonly changes: RingChanges) {}

  /** Replicas follow only to a fingerprint that stands in their settings; the others stop writing until it does. */
  async rekey(seen: RingView): Promise<HeldManifest> {
    const seed = RingSigner.newSeed();
    try {
      const signer = RingSigner.of(seed);
      return await this.changes.apply(
        seen,
        async (change) => {
          await change.wrap({ id: identityRow, bytes: seed });
          const { fingerprint, publicKey } = signer.identity;
          const present = new Set(presentDataKeys(change.view).map(({ id }) => id));
          const dataKeys = [];
          for (const dataKey of change.view.held.manifest.dataKeys) {
            const { id } = dataKey;
            // Of one that was deleted nothing but its id is left to tell.
            const check = present.has(id) ? dataKeyCheck(await change.open(id), fingerprint) : dataKey.check;
            dataKeys.push({ ...dataKey, check });
          }
          return { ring: fingerprint, publicKey, dataKeys };
        },
        signer,
      );
    } finally {
      seed.fill(0);
    }
  }
}
