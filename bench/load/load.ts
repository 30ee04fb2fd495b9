/** The percentiles of latency that are reported; requests.lua has the same list. */
export const percentiles = [50, 75, 90, 95, 99, 99.9] as const;

/** Latency in ms at each of `percentiles`. */
export type Latency = Readonly<Record<(typeof percentiles)[number], number>>;

/** A figure for each percentile. */
export function latencyOf(value: (percentile: keyof Latency) => number): Latency {
  return Object.fromEntries(percentiles.map((percentile) => [percentile, value(percentile)])) as unknown as Latency;
}

/** What one run of a load generator saw; none of the answers was an error. */
export interface LoadResult {
  readonly requests: number;
  /** Requests/s that were answered. */
  readonly rps: number;
  readonly latencyMs: Latency;
}

/** What a browser extension sends with each request. */
export const clientHeaders = {
  Accept: 'application/json',
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'Device-Type': '2',
  'Bitwarden-Client-Name': 'browser',
  'Bitwarden-Client-Version': '2026.9.0',
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
};
