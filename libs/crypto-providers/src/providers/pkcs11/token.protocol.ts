/** Who logs in to the token. */
export type LoginAs = 'user' | 'so' | 'context_specific';

/** Where the private key is, and how to get at it. */
export interface TokenSettings {
  /** The path of the PKCS#11 module, a shared library. */
  readonly library: string;
  /** What the module wants to be told when it is initialised; NSS does. */
  readonly libraryParameters?: string | undefined;
  readonly serialNumber?: string | undefined;
  readonly loginAs: LoginAs;
  readonly pin?: string | undefined;
  readonly keyLabel?: string | undefined;
  readonly keyId?: number | undefined;
}

/** The public half as the token has it. */
export type TokenPublicKey =
  { readonly modulus: Uint8Array; readonly publicExponent: Uint8Array } | { readonly certificate: Uint8Array };

/** The private key that was found, without the key. */
export interface FoundKey {
  readonly tokenLabel: string;
  readonly serialNumber: string;
  readonly label: string;
  /** CKA_ID. */
  readonly id: Uint8Array;
  /** The token's own public half; tokens need not have one. */
  readonly publicKey: TokenPublicKey | undefined;
}

/** The hash of RSA-OAEP, also of its MGF1. */
export type HashName = 'SHA-1' | 'SHA-256';

/** What the service asks of the token process: first `open`, then `decrypt` as often as it likes. */
export type Order =
  | ({ readonly kind: 'open' } & TokenSettings)
  | { readonly kind: 'decrypt'; readonly hash: HashName; readonly ciphertext: Uint8Array };

/**
 * Why the token did not do what it was asked:
 * - `login`: it does not take the PIN, or must not be asked again; one more try may lock it.
 * - `setup`: what the settings name is not there, or is no key for this.
 * - `lost`: session, token or module are gone; a fresh start may help.
 * - `refused`: it does not decrypt this.
 * - `unclear`: a code that modules answer for a broken device and for a bad ciphertext alike.
 */
export type FailureKind = 'login' | 'setup' | 'lost' | 'refused' | 'unclear';

/** A failure with words for people: what is wrong, where, and the code of the module. */
export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
}

/** An order with its number. */
export interface Request {
  readonly number: number;
  readonly order: Order;
}

/** What comes back for one order. */
export type Response =
  | { readonly number: number; readonly result: FoundKey | Uint8Array }
  | { readonly number: number; readonly failure: Failure };
