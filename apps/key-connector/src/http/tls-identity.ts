import type { SecureContextOptions } from 'node:tls';
import {
  checkedPair,
  FileUnreadable,
  readAuthoritiesAt,
  readSmallFile,
  type TlsFile,
  TlsFileUnreadable,
} from '@key-connector/common';
import type { HttpSettings } from '@key-connector/settings';

/** A chain of ten certificates has some 20 KB. */
const LIMITS = { maxBytes: 1024 * 1024, seconds: 10 };

/**
 * Forward secrecy and authenticated encryption only: no RSA key exchange, no CBC (RFC 9325, section 4.2). The first
 * three are all of TLS 1.3.
 */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');

/** What the service shows in a TLS handshake, and what it takes there. */
export type TlsIdentity = Pick<SecureContextOptions, 'cert' | 'key' | 'minVersion' | 'ciphers'> & {
  /** Of clients: given, each has to show a certificate that one of them signed. */
  readonly ca?: string[];
};

/**
 * Reads certificate and key, and the authorities of clients; `undefined` where the service speaks plain HTTP.
 *
 * @throws TlsFileUnreadable where TLS cannot be spoken with them.
 */
export async function readTlsIdentity(settings: HttpSettings): Promise<TlsIdentity | undefined> {
  const { tlsCertificatePath, tlsKeyPath, tlsClientCaPath } = settings;
  if (tlsCertificatePath === undefined || tlsKeyPath === undefined) return undefined;
  const certificate = await readTlsFile('http__tlsCertificatePath', tlsCertificatePath);
  const key = await readTlsFile('http__tlsKeyPath', tlsKeyPath);
  const authorities =
    tlsClientCaPath === undefined ? undefined : await readAuthoritiesAt(tlsClientCaPath, 'http__tlsClientCaPath');
  return {
    ...checkedPair(certificate, key),
    ...(authorities === undefined ? {} : { ca: [...authorities] }),
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
  };
}

async function readTlsFile(setting: string, path: string): Promise<TlsFile> {
  try {
    return { setting, path, bytes: await readSmallFile(path, LIMITS) };
  } catch (error) {
    throw new TlsFileUnreadable(setting, path, error instanceof FileUnreadable ? error.why : 'unknown error');
  }
}
