import { documentHash, type Manifest, readManifest, ringOf } from './manifest.js';
import { RingIdentity } from './ring-identity.js';

/** A row of RingManifests, whoever wrote it. */
export interface ManifestRow {
  readonly version: number;
  readonly document: string;
  readonly signature: string;
}

/** A version that this process takes as authentic, with the row that it stood in. */
export interface HeldManifest extends ManifestRow {
  readonly manifest: Manifest;
  readonly identity: RingIdentity;
}

/**
 * Why a row of RingManifests is passed over: the label of the metric, and a field of the log line.
 *
 * `manifest_unsigned`: not signed by an identity that counts. `manifest_out_of_order`: another version than its row, or than
 * the next; or it does not follow the one that is held. `manifest_takes_back`: a data key is gone, has another check, or is
 * opened again together with another change.
 */
export type ManifestRefusal = 'manifest_unsigned' | 'manifest_out_of_order' | 'manifest_takes_back';

/**
 * Signed by an identity that counts, and not understood here: of a later format, or not in its one spelling. Nobody but the
 * ring's operators can make one, so it is not passed over: nothing is written until it is understood.
 */
export const unreadable = 'manifest_unreadable';

/** What is made of a row. */
export type Verdict = HeldManifest | ManifestRefusal | typeof unreadable;

/** Takes a row as the manifest of this identity, whatever came before; or says why not. */
export function authentic(row: ManifestRow, identity: RingIdentity): Verdict {
  // Over the bytes, before anything is made of them.
  if (!identity.signed(row.document, row.signature)) return 'manifest_unsigned';
  const manifest = readManifest(row.document);
  if (manifest === undefined) return unreadable;
  if (manifest.publicKey !== identity.publicKey || manifest.ring !== identity.fingerprint) return unreadable;
  if (manifest.version !== row.version) return 'manifest_out_of_order';
  return { ...row, manifest, identity };
}

/** Takes a row as that of the ring which it names, signed by that ring's own identity; or says why not. */
export function authenticOfItsRing(row: ManifestRow): Verdict {
  const identity = identityIn(row.document);
  return identity === undefined ? 'manifest_unsigned' : authentic(row, identity);
}

/**
 * The identity that a document names, whoever wrote it: that it signed the document is still to be seen. `undefined` where
 * the text does not begin as a manifest does. Nothing is parsed.
 */
export function identityIn(document: string): RingIdentity | undefined {
  const named = ringOf(document);
  const identity = named && RingIdentity.of(named.publicKey);
  return identity?.fingerprint === named?.ring ? identity : undefined;
}

/**
 * Takes a row as the version that follows the one that is held; or says why not.
 *
 * @param next fingerprints that the ring may go over to: those that settings name behind the one that is held. The signature
 * of the identity that is held is no reason to go over.
 */
export function successor(held: HeldManifest, row: ManifestRow, next: readonly string[] = []): Verdict {
  const found = authentic(row, held.identity);
  if (found === 'manifest_unsigned') return ofNextRing(held, row, next);
  if (typeof found === 'string') return found;
  if (!isNext(held, found.manifest)) return 'manifest_out_of_order';
  return keepsChecks(held.manifest, found.manifest) && keepsStates(held.manifest, found.manifest)
    ? found
    : 'manifest_takes_back';
}

/** The checks are others in another ring: whoever follows it compares them with the data keys that he has. */
function ofNextRing(held: HeldManifest, row: ManifestRow, next: readonly string[]): Verdict {
  const identity = identityIn(row.document);
  if (identity === undefined || !next.includes(identity.fingerprint)) return 'manifest_unsigned';
  const found = authentic(row, identity);
  if (typeof found === 'string') return found;
  if (!isNext(held, found.manifest)) return 'manifest_out_of_order';
  return keepsStates(held.manifest, found.manifest) ? found : 'manifest_takes_back';
}

const isNext = (held: HeldManifest, { version, previous }: Manifest): boolean =>
  version === held.version + 1 && previous === documentHash(held.document);

const byId = ({ dataKeys }: Manifest): ReadonlyMap<number, Manifest['dataKeys'][number]> =>
  new Map(dataKeys.map((dataKey) => [dataKey.id, dataKey]));

/** No check is another one. */
function keepsChecks(held: Manifest, next: Manifest): boolean {
  const after = byId(next);
  return held.dataKeys.every(({ id, check }) => after.get(id)?.check === check);
}

/** No id is gone, and a data key that was dropped is opened by nothing but the undo of that. */
function keepsStates(held: Manifest, next: Manifest): boolean {
  const after = byId(next);
  if (!held.dataKeys.every(({ id }) => after.has(id))) return false;
  return (
    held.dataKeys.every(({ id, state }) => state === 'open' || after.get(id)?.state === state) || isUndo(held, next)
  );
}

/** It opens dropped data keys again, and changes nothing else. */
function isUndo(held: Manifest, next: Manifest): boolean {
  const after = byId(next);
  const dataKeys = held.dataKeys.map((key) => ({ ...key, state: after.get(key.id)?.state ?? key.state }));
  const { version, previous } = next;
  return JSON.stringify({ ...held, version, previous, dataKeys }) === JSON.stringify(next);
}
