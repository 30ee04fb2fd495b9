import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';

interface Version {
  readonly enabled: boolean;
  readonly createdOn: Date;
}

/** Of the versions that a wrapping of every data key names, the newest that is there and enabled; one alone is that one. */
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
