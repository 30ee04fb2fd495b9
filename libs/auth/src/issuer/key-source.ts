import type { KeySet } from './key-set.js';

/** Where an issuer's signing keys come from. */
export abstract class KeySource {
  /** Where, for the log. */
  abstract readonly description: string;

  /** Loads the keys now; throws KeysUnusable, or the signal's reason. */
  abstract load(signal: AbortSignal): Promise<KeySet>;
}
