import type { KeyEncryptionKey } from '@key-connector/crypto-providers';
import type { HeldManifest } from './manifest/succession.js';
import type { Ring } from './values/ring.js';

/** A manifest whose data keys are open, and what opened them. Never changes; a newer manifest makes another one. */
export interface HeldRing {
  readonly held: HeldManifest;
  readonly ring: Ring;
  readonly kek: KeyEncryptionKey;
}
