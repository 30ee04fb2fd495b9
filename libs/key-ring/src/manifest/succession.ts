import { documentHash, type Manifest, readManifest, ringOf } from './manifest.js';
import { classicDataKeyId } from '../values/data-key.js';
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
 * `manifest_unsigned`: not signed by an identity that counts. `manifest_out_of_order`: it names another version than
 * its row has, so it is an older one, copied.
 */
export type ManifestRefusal = 'manifest_unsigned' | 'manifest_out_of_order';

/**
 * Why a row stops writes that an identity which counts has signed at this very version: nobody but the ring's operators
 * can have made it, so it is no garbage.
 *
 * `manifest_unreadable`: of a later format, or not in its one spelling. `manifest_out_of_reach`: it does not follow the
 * one that is held, because a version between them is gone or another one. `manifest_takes_back`: a data key is gone,
 * has another check, or is opened again together with another change.
 */
export type ManifestObstacle = 'manifest_unreadable' | 'manifest_out_of_reach' | 'manifest_takes_back';

/** What is made of a row. */
export type Verdict = HeldManifest | ManifestRefusal | ManifestObstacle;

/** Takes a row as the manifest of this identity, whatever came before; or says why not. */
export function authentic(row: ManifestRow, identity: RingIdentity): Verdict {
  // Over the bytes, before anything is made of them.
  if (!identity.signed(row.document, row.signature)) return 'manifest_unsigned';
  const manifest = readManifest(row.document);
  if (manifest === undefined) return 'manifest_unreadable';
  if (manifest.publicKey !== identity.publicKey || manifest.ring !== identity.fingerprint) return 'manifest_unreadable';
  if (manifest.version !== row.version) return 'manifest_out_of_order';
  return { ...row, manifest, identity };
}

/**
 * The identity that a document names, whoever wrote it: that it signed the document is still to be seen. `undefined`
 * where the text does not begin as a manifest does. Nothing is parsed.
 */
export function identityIn(document: string): RingIdentity | undefined {
  const named = ringOf(document);
  const identity = named && RingIdentity.of(named.publicKey);
  return identity?.fingerprint === named?.ring ? identity : undefined;
}

/**
 * Takes a row as the version that follows the one that is held; or says why not.
 *
 * @param next fingerprints that the ring may go over to: those that settings name behind the one that is held. The
 * signature of the identity that is held is no reason to go over.
 */
export function successor(held: HeldManifest, row: ManifestRow, next: readonly string[] = []): Verdict {
  const found = authenticOfOneOf(row, held.identity, next);
  if (typeof found === 'string') return found;
  if (!isNext(held, found.manifest)) return 'manifest_out_of_reach';
  // The checks are others in another ring: whoever follows it compares them with the data keys that he has.
  const keeps = found.identity === held.identity ? keepsChecks(held.manifest, found.manifest) : true;
  return keeps && keepsStates(held.manifest, found.manifest) ? found : 'manifest_takes_back';
}

function authenticOfOneOf(row: ManifestRow, own: RingIdentity, next: readonly string[]): Verdict {
  const found = authentic(row, own);
  if (found !== 'manifest_unsigned') return found;
  const identity = identityIn(row.document);
  return identity !== undefined && next.includes(identity.fingerprint) ? authentic(row, identity) : found;
}

const isNext = (held: HeldManifest, { version, previous }: Manifest): boolean =>
  version === held.version + 1 && previous === documentHash(held.document);

const byId = ({ dataKeys }: Manifest): ReadonlyMap<number, Manifest['dataKeys'][number]> =>
  new Map(dataKeys.map((dataKey) => [dataKey.id, dataKey]));

/** No check is another one. */
function keepsChecks(held: Manifest, next: Manifest): boolean {
  const after = byId(next);
  return held.dataKeys.every(({ id, check }) => after.get(id)?.check === check || isNewClassicKey(id, held, next));
}

/** No id is gone, and a data key that was dropped is opened by nothing but the undo of that. */
function keepsStates(held: Manifest, next: Manifest): boolean {
  const after = byId(next);
  if (!held.dataKeys.every(({ id }) => after.has(id))) return false;
  return (
    held.dataKeys.every(
      ({ id, state }) => state === 'open' || after.get(id)?.state === state || isNewClassicKey(id, held, next),
    ) || isUndo(held, next)
  );
}

/**
 * The way back to the classic layout, whose values name no data key and are under number 0: where that one was given
 * up, the very version that goes back may bring another one under its number. Nobody has the old one in memory, and no
 * value needs it.
 */
function isNewClassicKey(id: number, held: Manifest, next: Manifest): boolean {
  if (id !== classicDataKeyId || held.layout !== 'boundOnly' || next.layout !== 'classic') return false;
  const [before, after] = [byId(held).get(id), byId(next).get(id)];
  return before?.state === 'dropped' && after?.state === 'open' && before.check !== after.check;
}

/** It opens dropped data keys again, and changes nothing else. */
function isUndo(held: Manifest, next: Manifest): boolean {
  const after = byId(next);
  const dataKeys = held.dataKeys.map((key) => ({ ...key, state: after.get(key.id)?.state ?? key.state }));
  const { version, previous } = next;
  return JSON.stringify({ ...held, version, previous, dataKeys }) === JSON.stringify(next);
}

/**
 * Whether a later manifest of a ring gives up what an earlier one accepts: a data key, a key-encryption key, a layout.
 */
export function gaveUp(before: Manifest, after: Manifest): boolean {
  const states = byId(after);
  const keks = new Set(after.keks.map(({ id }) => id));
  return (
    before.ring !== after.ring ||
    before.dataKeys.some(({ id, state }) => state === 'open' && states.get(id)?.state !== 'open') ||
    before.keks.some(({ id }) => !keks.has(id)) ||
    (before.layout !== after.layout && after.layout !== 'classic')
  );
}
