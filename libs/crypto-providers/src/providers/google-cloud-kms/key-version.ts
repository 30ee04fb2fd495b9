/** The parts of a key version's resource name. */
export interface KeyVersionParts {
  readonly project: string;
  readonly location: string;
  readonly keyRing: string;
  readonly key: string;
  readonly version: string;
}

/** The full resource name of a key version in Google Cloud KMS. */
export function keyVersionName({ project, location, keyRing, key, version }: KeyVersionParts): string {
  return `projects/${project}/locations/${location}/keyRings/${keyRing}/cryptoKeys/${key}/cryptoKeyVersions/${version}`;
}

/** The project in a key version's name. */
export function projectOf(version: string): string {
  return version.split('/')[1] ?? '';
}

/** Whether both names are of versions of one and the same key. */
export function ofSameKey(one: string, other: string): boolean {
  return keyOf(one) !== undefined && keyOf(one) === keyOf(other);
}

/** The name of the key that a version belongs to; `undefined` for what is no version's name. */
function keyOf(version: string): string | undefined {
  return /^(projects\/.+\/cryptoKeys\/[^/]+)\/cryptoKeyVersions\/\d+$/.exec(version)?.[1];
}
