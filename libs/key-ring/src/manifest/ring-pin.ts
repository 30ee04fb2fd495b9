/** A ring that settings take for theirs: `sha256:…`, or `sha256:…@7` with the least version to accept. */
export interface RingPin {
  /** The fingerprint of the ring's identity: `sha256:` + hex. */
  readonly fingerprint: string;
  /** No version below it counts; 1 where the pin names none. */
  readonly least: number;
}

const pattern = /^(sha256:[0-9a-f]{64})(?:@([1-9]\d{0,8}))?$/i;

/** Reads a pin as settings and commands have it; `undefined` for anything else. */
export function parseRingPin(given: string): RingPin | undefined {
  const [, fingerprint, least = '1'] = pattern.exec(given.trim()) ?? [];
  return fingerprint === undefined ? undefined : { fingerprint: fingerprint.toLowerCase(), least: Number(least) };
}

/** The pin to set for a manifest: no older version of it counts then. */
export const pinOf = ({
  identity,
  version,
}: {
  readonly identity: { readonly fingerprint: string };
  readonly version: number;
}): string => formatRingPin({ fingerprint: identity.fingerprint, least: version });

/** A pin as it is set. */
export const formatRingPin = ({ fingerprint, least }: RingPin): string => `${fingerprint}@${least}`;
