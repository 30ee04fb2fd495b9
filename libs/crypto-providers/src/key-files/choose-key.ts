import { type KeyObject, X509Certificate } from 'node:crypto';
import { isSameKey } from '@key-connector/common';
import { type KeyFile, NoPrivateKey, UnusableKeyFile } from './key-file.js';
import { thumbprintOf } from './thumbprint.js';

/** What a key file holds; `localKeyId` (hex) ties a certificate to its key, where the format has that. */
export interface KeyFileContents {
  readonly keys: readonly { readonly key: KeyObject; readonly localKeyId?: string | undefined }[];
  readonly certificates: readonly {
    /** DER, or PEM. */
    readonly encoded: Buffer | string;
    readonly localKeyId?: string | undefined;
  }[];
}

/** A key with those certificates of its file that are its own; the one that says so of itself comes first. */
interface Entry {
  readonly key: KeyObject;
  readonly certificates: readonly X509Certificate[];
}

/**
 * Chooses the key that is meant, and its certificate: the one of the thumbprint where one is given, else the one RSA
 * key. A key that stands there twice, as under two aliases, is one, and a key that is not RSA is for something else.
 */
export function chooseKey(contents: KeyFileContents, thumbprint: string | undefined): KeyFile {
  const entries = entriesOf(contents);
  if (entries.length === 0) throw new NoPrivateKey(contents.certificates.map(({ encoded }) => encoded));
  if (thumbprint !== undefined) return ofThumbprint(entries, thumbprint);
  const rsa = entries.filter(({ key }) => key.asymmetricKeyType === 'rsa');
  const [own, ...others] = rsa.length > 0 ? rsa : entries;
  if (own === undefined || others.length > 0)
    throw new UnusableKeyFile(
      'there is more than one private key in it; leave only one, ' +
        `or name the certificate of the one that is meant in certificate__thumbprint (${listOf(rsa)})`,
    );
  const [certificate] = own.certificates;
  const ofSomeKey = entries.flatMap(({ certificates }) => certificates).length;
  if (certificate === undefined && contents.certificates.length > ofSomeKey)
    throw new UnusableKeyFile('its certificate does not belong to its private key');
  return { privateKey: own.key, certificate };
}

function ofThumbprint(entries: readonly Entry[], thumbprint: string): KeyFile {
  for (const { key, certificates } of entries) {
    const certificate = certificates.find((one) => thumbprintOf(one) === thumbprint);
    if (certificate !== undefined) return { privateKey: key, certificate };
  }
  throw new UnusableKeyFile(
    `there is no private key in it whose certificate has the thumbprint of certificate__thumbprint (${listOf(entries)})`,
  );
}

function listOf(entries: readonly Entry[]): string {
  const thumbprints = entries.flatMap(({ certificates }) => certificates.map(thumbprintOf));
  return thumbprints.length === 0 ? 'it holds no certificate of a key' : `those in it: ${thumbprints.join(', ')}`;
}

function entriesOf({ keys, certificates }: KeyFileContents): Entry[] {
  const parsed = certificates.map(({ encoded, localKeyId }) => ({ certificate: parse(encoded), localKeyId }));
  return keys
    .filter(({ key }, index) => keys.findIndex((other) => isSameKey(other.key, key)) === index)
    .map(({ key, localKeyId }) => {
      const own = parsed.filter(({ certificate }) => certificate.checkPrivateKey(key));
      const isNamed = (one: { localKeyId?: string | undefined }): number =>
        Number(localKeyId !== undefined && one.localKeyId === localKeyId);
      own.sort((a, b) => isNamed(b) - isNamed(a));
      return { key, certificates: own.map(({ certificate }) => certificate) };
    });
}

function parse(encoded: Buffer | string): X509Certificate {
  try {
    return new X509Certificate(encoded);
  } catch {
    throw new UnusableKeyFile('a certificate in it cannot be read');
  }
}
