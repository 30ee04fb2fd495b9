import { UnwrapFailed } from '@key-connector/crypto-providers';
import { Inject, Injectable } from '@nestjs/common';
import { requireListed } from '../data-keys/data-keys.js';
import { wrappedKeyOf } from '../data-keys/wrappings.js';
import { KEY_RING_SETTINGS } from '../key-ring.module-definition.js';
import type { KeyRingSettings } from '../key-ring.settings.js';
import { dataKeyCheck } from '../manifest/data-key-check.js';
import { identityRow, RingSigner } from '../manifest/ring-identity.js';
import type { HeldManifest } from '../manifest/succession.js';
import { RingChangeRefused } from './changes.errors.js';
import { kekWrapper } from './kek-wrapper.js';
import { presentDataKeys, RingChanges, type RingView } from './ring-changes.js';

/** An identity that has signed nothing yet. */
export interface PreparedIdentity {
  /** Its fingerprint, to stand in every replica's settings behind the one that counts. */
  readonly ring: string;
  /**
   * One line to give to {@link RingRekey.rekey}: the fingerprint, and the seed wrapped under the key-encryption key of
   * the settings.
   */
  readonly line: string;
}

const pattern = /^(sha256:[0-9a-f]{64})\.([A-Za-z0-9+/]+={0,2})$/;

/**
 * Gives a ring another identity: for when somebody may have the old one, with a key-encryption key, a recovery key or a
 * host that could use one. Data keys and values stay; whoever had those should rotate and seal anew too.
 *
 * @example
 * const { ring, line } = await rekey.prepare(await changes.look());
 * // Every replica, and this command, gets keyRing__identity: the pin of now, and `ring`. Then:
 * await rekey.rekey(await changes.look(), line);
 */
@Injectable()
export class RingRekey {
  constructor(
    private readonly changes: RingChanges,
    @Inject(KEY_RING_SETTINGS) private readonly settings: Pick<KeyRingSettings, 'identity'>,
  ) {}

  /** Makes an identity, so that its fingerprint is known before it counts; changes nothing. */
  async prepare({ held, kek }: RingView): Promise<PreparedIdentity> {
    const seed = RingSigner.newSeed();
    try {
      const entry = requireListed(held.manifest, kek);
      const { wrappedKey } = await kekWrapper(entry, [kek]).wrap({ id: identityRow, bytes: seed });
      const ring = RingSigner.of(seed).identity.fingerprint;
      return { ring, line: `${ring}.${wrappedKey}` };
    } finally {
      seed.fill(0);
    }
  }

  /**
   * Replicas follow only to a fingerprint that stands in their settings; the others stop writing until it does.
   *
   * @param prepared the line of {@link prepare}; a new identity is made when left out.
   * @throws RingChangeRefused where the line is not to be used: see `open`; RingChanged.
   */
  async rekey(seen: RingView, prepared?: string): Promise<HeldManifest> {
    const seed = prepared === undefined ? RingSigner.newSeed() : await this.open(seen, prepared);
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

  /**
   * The seed of a prepared identity; the caller wipes it. Whoever can change the line can put a seed of his own there,
   * so it must be the one that settings name behind the identity that counts.
   */
  private async open({ held, kek }: RingView, line: string): Promise<Uint8Array> {
    const [, ring = '', wrappedSeed = ''] = pattern.exec(line.trim()) ?? [];
    if (ring === '') throw unusable('is not a line that ring rekey --prepare has printed');
    const pins = this.settings.identity.map(({ fingerprint }) => fingerprint);
    const own = pins.indexOf(held.identity.fingerprint);
    if (own === -1 || !pins.slice(own + 1).includes(ring))
      throw unusable(
        `is of ${ring}, which keyRing__identity does not name behind ${held.identity.fingerprint}: set it to both on every replica, ` +
          'and here, first',
      );
    const entry = requireListed(held.manifest, kek);
    const seed = await kek.unwrap(wrappedKeyOf(entry, wrappedSeed)).catch((error: unknown) => {
      throw error instanceof UnwrapFailed ? unusable(`does not open with ${kek.id} (${kek.description})`) : error;
    });
    if (RingSigner.of(seed).identity.fingerprint === ring) return seed;
    seed.fill(0);
    throw unusable(`opens to another identity than ${ring}: somebody changed it`);
  }
}

const unusable = (problem: string): RingChangeRefused =>
  new RingChangeRefused(`The prepared identity ${problem}. Nothing was changed in the database.`);
