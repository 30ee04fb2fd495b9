import forge from 'node-forge';

/**
 * A PKCS#12 file as .NET writes it into its store: with no password at all, which in the key derivation of PKCS#12 is
 * something else than an empty one, and which the openssl program can read but not write. 3DES and a SHA-1 MAC, 2,000
 * rounds.
 */
export function nullPasswordPfx(keyPem: string, certificatePem: string): Buffer {
  const key = forge.pki.privateKeyFromPem(keyPem);
  const certificate = forge.pki.certificateFromPem(certificatePem);
  // forge takes null for "in the clear"; undefined is what it derives from nothing, though its types do not tell.
  const none = undefined as unknown as string;
  const pfx = forge.pkcs12.toPkcs12Asn1(key, certificate, none, { algorithm: '3des', count: 2000 });
  return Buffer.from(forge.asn1.toDer(pfx).getBytes(), 'latin1');
}
