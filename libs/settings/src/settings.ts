import type { SliceOutputs } from './slices.js';

/** The slices by name; the URIs, which have no branch of their own in the tree, stand beside them. */
type Members = Omit<SliceOutputs, 'uris'> & SliceOutputs['uris'];

/** A class has the members of what it extends: so what the slices give is not written down once more. */
const Base = Object as unknown as new () => Readonly<Members>;

/**
 * Every setting of the service, checked and typed: each lib is handed its slice, as in
 * `useFactory: ({ keyRing }: Settings) => keyRing`.
 *
 * It may be printed as it is: each secret in it is a `Secret`, and each URI with a query a `Uri`, which mask themselves.
 */
export class Settings extends Base {
  /**
   * Takes what the slices' schemas gave; `loadSettings` is the way to make one.
   *
   * @param remarks what an operator should look at although the settings are right; sentences without a value.
   */
  constructor(
    { uris, ...slices }: SliceOutputs,
    readonly remarks: readonly string[] = [],
  ) {
    super();
    Object.assign(this, uris, slices);
  }
}
