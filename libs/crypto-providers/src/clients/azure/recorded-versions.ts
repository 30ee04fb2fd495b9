import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';

/** An object in a vault whose versions the wrappings name. */
export interface AzureObject {
  readonly vaultUri: string;
  readonly collection: 'keys' | 'secrets';
  readonly name: string;
}

/**
 * The versions of an object that the most wrappings name: in the middle of a move to another version some data keys
 * are wrapped with both, and only one that all are wrapped with opens them all.
 *
 * References to another vault count where none are to this one: a key that was restored into another vault keeps the
 * names of its versions.
 */
export function recordedVersions(recorded: readonly string[], { vaultUri, collection, name }: AzureObject): string[] {
  const own = recorded.flatMap((reference) => {
    if (!URL.canParse(reference)) return [];
    const { origin, pathname } = new URL(reference);
    const [, inCollection, object = '', version] = pathname.split('/');
    const same = inCollection === collection && object.toLowerCase() === name.toLowerCase();
    return same && version !== undefined && version !== '' ? [{ here: origin === vaultUri, version }] : [];
  });
  const here = own.filter((one) => one.here);
  const counts = new Map<string, number>();
  for (const { version } of here.length > 0 ? here : own) counts.set(version, (counts.get(version) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts].filter(([, count]) => count === most).map(([version]) => version);
}

interface Version {
  readonly enabled: boolean;
  readonly createdOn: Date;
}

/**
 * Of the versions that a wrapping of every data key names, the newest that is there and enabled; one alone is that one.
 */
export async function newestEnabled<T extends Version>(
  [first, ...others]: readonly [string, ...string[]],
  get: (version: string) => Promise<T>,
): Promise<T> {
  if (others.length === 0) return get(first);
  const outcomes = await Promise.allSettled([first, ...others].map(get));
  const found: T[] = [];
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') found.push(outcome.value);
    // What is only away now must not change the choice.
    else if (!(outcome.reason instanceof KeyProviderMisconfigured)) throw outcome.reason;
  }
  const [newest] = found.sort(
    (a, b) => Number(b.enabled) - Number(a.enabled) || b.createdOn.getTime() - a.createdOn.getTime(),
  );
  return newest ?? get(first);
}
