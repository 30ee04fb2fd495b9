import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Longest time that `work` blocks the event loop at a stretch, in milliseconds.
 *
 * The least of several runs: a busy machine only ever adds to it. It stops at the first run below `enough`.
 */
export async function blockedMilliseconds(work: () => Promise<unknown>, enough = 0, runs = 5): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs && least >= enough; run += 1) {
    const watched = new AbortController();
    const longest = longestTurn(watched.signal);
    try {
      await work();
    } finally {
      watched.abort();
    }
    least = Math.min(least, await longest);
  }
  return least;
}

/** The longest time between two turns of the event loop, until the signal. */
async function longestTurn(until: AbortSignal): Promise<number> {
  let longest = 0;
  let last = performance.now();
  while (!until.aborted) {
    await nextTurn();
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  return longest;
}
