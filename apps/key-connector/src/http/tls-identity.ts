import { FileUnreadable, readSmallFile, TlsFileUnreadable } from '@key-connector/common';
import type { HttpSettings } from '@key-connector/settings';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { checkedPair, type TlsFile } from './tls-pair.js';

/** A chain of ten certificates has some 20 KB. */
const LIMITS = { maxBytes: 1024 * 1024, seconds: 10 };

/**
 * Forward secrecy and authenticated encryption only: no RSA key exchange, no CBC (RFC 9325, section 4.2). The first three
 * are all of TLS 1.3.
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
export type TlsIdentity = Pick<SecureContextOptions, 'cert' | 'key' | 'minVersion' | 'ciphers'>;

/**
 * Reads certificate and key; `undefined` where the service speaks plain HTTP.
 *
 * @throws TlsFileUnreadable where TLS cannot be spoken with them.
 */
export async function readTlsIdentity(settings: HttpSettings): Promise<TlsIdentity | undefined> {
  const { tlsCertificatePath, tlsKeyPath } = settings;
  if (tlsCertificatePath === undefined || tlsKeyPath === undefined) return undefined;
  const certificate = await readTlsFile('http__tlsCertificatePath', tlsCertificatePath);
  const key = await readTlsFile('http__tlsKeyPath', tlsKeyPath);
  const identity = { ...checkedPair(certificate, key), minVersion: 'TLSv1.2', ciphers: CIPHERS } as const;
  try {
    createSecureContext(identity);
  } catch (error) {
    // What OpenSSL finds too weak, such as "ee key too small".
    const { reason = 'unknown reason' } = error as { reason?: string };
    throw new TlsFileUnreadable(certificate.setting, certificate.path, `TLS refuses it: ${reason}`);
  }
  return identity;
}

async function readTlsFile(setting: TlsFile['setting'], path: string): Promise<TlsFile> {
  try {
    return { setting, path, bytes: await readSmallFile(path, LIMITS) };
  } catch (error) {
    throw new TlsFileUnreadable(setting, path, error instanceof FileUnreadable ? error.why : 'unknown error');
  }
}
