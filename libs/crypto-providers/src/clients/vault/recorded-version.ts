/**
 * The version that stands behind `prefix` in most of the key references, the newest of those that tie; `undefined` when
 * none has it.
 *
 * While a deployment moves from one version to the next there are two, and the new one counts once it wraps every data
 * key.
 */
export function recordedVersion(prefix: string, recorded: readonly string[]): number | undefined {
  const counts = new Map<number, number>();
  for (const reference of recorded) {
    const [, text = ''] = reference.split(prefix);
    const version = /^\d+$/.test(text) ? Number(text) : 0;
    if (version > 0) counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([a, timesA], [b, timesB]) => timesB - timesA || b - a);
  return most?.[0];
}
