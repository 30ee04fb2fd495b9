import { createSecretKey, randomBytes } from 'node:crypto';
import { dataKeyCheck } from '../manifest/data-key-check.js';
import { documentHash, type Manifest, type ManifestDataKey, writeManifest } from '../manifest/manifest.js';
import { RingSigner } from '../manifest/ring-identity.js';
import type { ManifestRow } from '../manifest/succession.js';

/** A ring made by hand: an operator's, or a thief's. */
export class MadeRing {
  readonly fingerprint: string;
  private readonly signer: RingSigner;

  private constructor(readonly seed: Buffer) {
    this.signer = RingSigner.of(seed);
    this.fingerprint = this.signer.identity.fingerprint;
  }

  /** Of this 32-byte seed, or of a new one. */
  static of(seed: Buffer = RingSigner.newSeed()): MadeRing {
    return new MadeRing(seed);
  }

  /** How its manifests list a data key of these bytes. */
  dataKey(id: number, bytes: Buffer = randomBytes(32), state: ManifestDataKey['state'] = 'open'): ManifestDataKey {
    return { id, state, check: dataKeyCheck({ id, secret: createSecretKey(bytes) }, this.fingerprint) };
  }

  /** A manifest of its own: version 1 with data key 1 in the layout boundOnly, but for what is given. */
  manifest(changes: Partial<Manifest> = {}): Manifest {
    const { fingerprint: ring, publicKey } = this.signer.identity;
    const kek = {
      id: `sha256:${'0'.repeat(64)}`,
      role: 'service',
      algorithm: 'RSA-OAEP-256',
      reference: 'key',
    } as const;
    return {
      ...{ format: 1, ring, publicKey, version: 1, previous: null, activeDataKeyId: 1, dataKeys: [this.dataKey(1)] },
      ...{ keks: [{ ...kek, publicKey: null }], layout: 'boundOnly', ...changes },
    };
  }

  /** The row of a manifest, or of any text, signed. */
  row(manifest: Manifest | string, version = typeof manifest === 'string' ? 1 : manifest.version): ManifestRow {
    const document = typeof manifest === 'string' ? manifest : writeManifest(manifest);
    return { version, document, signature: this.signer.sign(document) };
  }

  /** The next version of what stands in a row, with these changes. */
  next({ document }: ManifestRow, changes: Partial<Manifest> = {}): ManifestRow {
    const before = JSON.parse(document) as Manifest;
    const { fingerprint: ring, publicKey } = this.signer.identity;
    const following = { ring, publicKey, version: before.version + 1, previous: documentHash(document) };
    return this.row({ ...before, ...following, ...changes });
  }
}
