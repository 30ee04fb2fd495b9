import type { KeyObject, X509Certificate } from 'node:crypto';
import type { Secret } from '@key-connector/common';

/** What a PKCS#12 or PEM file holds that matters here; `certificate` belongs to `privateKey`. */
export interface KeyFile {
  readonly privateKey: KeyObject;
  readonly certificate?: X509Certificate | undefined;
}

/** The bytes of a key file, wherever they came from. */
export interface KeyFileSource {
  /** Names the file for people: a path or a URI, no secret. */
  readonly origin: string;
  readonly bytes: Buffer;
  readonly password?: Secret | undefined;
  /** The path of the setting that holds the password; a place whose files have none has no such setting. */
  readonly passwordSetting?: string;
  /**
   * Names the exact version, where the place keeps several: it stands in the key reference, and is found there again.
   */
  readonly version?: string;
  /** The SHA-1 thumbprint of the certificate whose key is meant, as `readThumbprint` gives it. */
  readonly thumbprint?: string | undefined;
}

/** Why a key file cannot be used; the reader of the whole file adds which file it is and what to do. */
export class UnusableKeyFile extends Error {}

/** The password does not open the file. */
export class WrongPassword extends UnusableKeyFile {}

/** The file is sound and holds certificates only. */
export class NoPrivateKey extends UnusableKeyFile {
  constructor(readonly certificates: readonly (Buffer | string)[]) {
    super('there is no private key in it');
  }
}

/** What is wrong with which file, and what to do. */
export function explainUnusable(
  problem: UnusableKeyFile,
  { origin, password, passwordSetting }: KeyFileSource,
): string {
  if (!(problem instanceof WrongPassword)) return `The key file ${origin} cannot be used: ${problem.message}.`;
  if (passwordSetting === undefined) return `The key file ${origin} is protected by a password.`;
  return password === undefined
    ? `The key file ${origin} is protected by a password; set ${passwordSetting}.`
    : `The password in ${passwordSetting} does not open the key file ${origin}.`;
}
