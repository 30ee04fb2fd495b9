import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyProviderSettings } from '@key-connector/crypto-providers';

/** A key-encryption key that nothing was wrapped with. */
export interface OtherKey {
  readonly settings: KeyProviderSettings;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  remove(): Promise<void>;
}

/** Makes an RSA key in a file of its own. */
export async function generateOtherKey(): Promise<OtherKey> {
  const folder = await mkdtemp(join(tmpdir(), 'key-connector-other-key-'));
  const path = join(folder, 'other.pem');
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return {
    settings: { kind: 'certificate', timeoutSeconds: 15, source: { kind: 'filesystem', path } },
    publicKey,
    privateKey,
    remove: () => rm(folder, { recursive: true }),
  };
}
