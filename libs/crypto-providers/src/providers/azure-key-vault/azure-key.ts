import { createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';

/** Bits of an RSA modulus: under 2048 is weak (NIST SP 800-131A), and the vault makes none over 4096. */
const bits = { min: 2048, max: 4096 };

/** One version of an RSA key, as far as the vault shows it. */
export interface AzureKey {
  /** The vault's name for this version: `https://<vault>/keys/<name>/<version>`. */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly publicKey: KeyObject;
  readonly bits: number;
  readonly enabled: boolean;
  readonly operations: readonly string[];
  readonly createdOn: Date;
  readonly notBefore: Date | undefined;
  readonly expiresOn: Date | undefined;
}

const bytes = z.instanceof(Uint8Array);

/** What is used of the SDK's KeyVaultKey. */
const answer = z.object({
  id: z.string(),
  name: z.string(),
  keyType: z.string(),
  keyOperations: z.array(z.string()).default([]),
  key: z.object({ n: bytes.optional(), e: bytes.optional() }),
  properties: z.object({
    version: z.string(),
    enabled: z.boolean().default(true),
    createdOn: z.date().default(new Date(0)),
    notBefore: z.date().optional(),
    expiresOn: z.date().optional(),
  }),
});

/** Reads a key of the vault; one that cannot wrap data keys is KeyProviderMisconfigured, by name. */
export function readAzureKey(given: unknown): AzureKey {
  const { id, name, keyType, keyOperations, key, properties } = answer.parse(given);
  const { n, e } = key;
  if (!/^RSA(-HSM)?$/.test(keyType) || n === undefined || e === undefined) throw unusable(id, `is of type ${keyType}`);
  const jwk = { kty: 'RSA', n: Buffer.from(n).toString('base64url'), e: Buffer.from(e).toString('base64url') };
  const publicKey = createPublicKey({ format: 'jwk', key: jwk });
  const size = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (size < bits.min || size > bits.max) throw unusable(id, `is RSA with ${size} bits`);
  const { version, enabled, createdOn, notBefore, expiresOn } = properties;
  const times = { createdOn, notBefore, expiresOn };
  return { id, name, version, publicKey, bits: size, enabled, operations: keyOperations, ...times };
}

function unusable(id: string, why: string): KeyProviderMisconfigured {
  return new KeyProviderMisconfigured(`The key ${id} ${why}; use RSA or RSA-HSM with ${bits.min} to ${bits.max} bits.`);
}
