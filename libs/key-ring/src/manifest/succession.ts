import { documentHash, type Manifest, readManifest } from './manifest.js';
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
 * `manifest_unsigned`: not signed by the identity that counts. `manifest_malformed`: signed, and no manifest in its one
 * spelling, or of a format that is not known here. `manifest_out_of_order`: another version than its row, or than the next;
 * or it does not follow the one that is held. `manifest_takes_back`: a data key is gone, has another check, or is opened again
 * together with another change.
 */
export type ManifestRefusal =
  'manifest_unsigned' | 'manifest_malformed' | 'manifest_out_of_order' | 'manifest_takes_back';

/** Takes a row as the manifest of this identity, whatever came before; or says why not. */
export function authentic(row: ManifestRow, identity: RingIdentity): HeldManifest | ManifestRefusal {
  // Over the bytes, before anything is made of them.
  if (!identity.signed(row.document, row.signature)) return 'manifest_unsigned';
  const manifest = readManifest(row.document);
  if (manifest === undefined) return 'manifest_malformed';
  if (manifest.publicKey !== identity.publicKey || manifest.ring !== identity.fingerprint) return 'manifest_malformed';
  if (manifest.version !== row.version) return 'manifest_out_of_order';
  return { ...row, manifest, identity };
}

/** Takes a row as the version that follows the one that is held; or says why not. */
export function successor(held: HeldManifest, row: ManifestRow): HeldManifest | ManifestRefusal {
  const next = authentic(row, held.identity);
  if (typeof next === 'string') return next;
  const { version, previous } = next.manifest;
  if (version !== held.version + 1 || previous !== documentHash(held.document)) return 'manifest_out_of_order';
  return keepsWhatWas(held.manifest, next.manifest) ? next : 'manifest_takes_back';
}

/** No id is gone, no check is another one, and a data key that was dropped is opened by nothing but the undo of that. */
function keepsWhatWas(held: Manifest, next: Manifest): boolean {
  const after = new Map(next.dataKeys.map((dataKey) => [dataKey.id, dataKey]));
  const same = held.dataKeys.every(({ id, check }) => after.get(id)?.check === check);
  const reopened = held.dataKeys.filter(({ id, state }) => state === 'dropped' && after.get(id)?.state === 'open');
  return same && (reopened.length === 0 || isUndo(held, next));
}

const isUndo = (held: Manifest, next: Manifest): boolean =>
  next.dataKeys.length === held.dataKeys.length && next.activeDataKeyId === held.activeDataKeyId;
