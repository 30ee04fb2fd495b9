import type { SliceName, SliceOutputs } from './slices.js';

/** Secrets that were given as files, which may be read again; everything else stays what it was at the start. */
export interface SecretFiles {
  /** Those of a slice: each with the name of its setting, and the path. */
  filesOf(slice: SliceName): readonly { readonly setting: string; readonly path: string }[];
  /**
   * A slice with what its files hold now; a pipe gave what it had at the start, which stays.
   *
   * @throws SettingsInvalid with every problem, and no value.
   */
  readAgain<N extends SliceName>(slice: N): Promise<SliceOutputs[N]>;
}

/** The slices by name; the URIs, which have no branch of their own in the tree, stand beside them. */
type Members = Omit<SliceOutputs, 'uris'> & SliceOutputs['uris'];

/** A class has the members of what it extends: so what the slices give is not written down once more. */
const Base = Object as unknown as new () => Readonly<Members>;

/**
 * Every setting of the service, checked and typed: each lib is handed its slice, as in
 * `useFactory: ({ keyRing }: Settings) => keyRing`.
 *
 * It may be printed as it is: each secret in it is a `Secret`, and each URI with a query a `Uri`, which mask
 * themselves.
 */
export class Settings extends Base {
  readonly #secrets: SecretFiles | undefined;

  /**
   * Takes what the slices' schemas gave; `loadSettings` is the way to make one.
   *
   * @param remarks what an operator should look at although the settings are right; sentences without a value.
   * @param secrets those that were given as files.
   */
  constructor(
    { uris, ...slices }: SliceOutputs,
    readonly remarks: readonly string[] = [],
    secrets?: SecretFiles,
  ) {
    super();
    this.#secrets = secrets;
    Object.assign(this, uris, slices);
  }

  /** The secrets that were given as files; `undefined` where the settings were not loaded from anywhere. */
  get secrets(): SecretFiles | undefined {
    return this.#secrets;
  }
}
