/** Names a version of a transit key in its wrappings: `vault-transit:transit/keys/<name>/versions/<n>`. */
export function keyReferenceOf(resource: string, version: number): string {
  return `vault-transit:${resource}/versions/${version}`;
}

/**
 * The version of this key that most of the wrappings name, the newest of those that tie; `undefined` when none names it.
 *
 * While a deployment moves from one version to the next there are two, and the new one counts once it wraps every data key.
 */
export function recordedVersion(resource: string, recorded: readonly string[]): number | undefined {
  const prefix = keyReferenceOf(resource, 0).slice(0, -1);
  const counts = new Map<number, number>();
  for (const reference of recorded) {
    const version = reference.startsWith(prefix) ? Number(reference.slice(prefix.length)) : Number.NaN;
    if (Number.isSafeInteger(version) && version > 0) counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([a, timesA], [b, timesB]) => timesB - timesA || b - a);
  return most?.[0];
}
