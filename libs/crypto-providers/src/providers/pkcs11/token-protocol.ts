/** Who logs in to the token. */
export type LoginAs = 'user' | 'so' | 'context_specific';

/** Where the private key is, and how to get at it, as it is sent to the token's process: with the PIN in clear. */
export interface TokenOrder {
  /** The path of the PKCS#11 module, a shared library. */
  readonly library: string;
  /** What the module wants to be told when it is initialised; NSS does. */
  readonly libraryParameters?: string | undefined;
  readonly serialNumber?: string | undefined;
  readonly loginAs: LoginAs;
  readonly pin?: string | undefined;
  readonly keyLabel?: string | undefined;
  /** A number that the id stands for, or the id's bytes in hexadecimal. */
  readonly keyId?: number | string | undefined;
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
  | ({ readonly kind: 'open' } & TokenOrder)
  | { readonly kind: 'decrypt'; readonly hash: HashName; readonly ciphertext: Uint8Array };

/**
 * Why the token did not do what it was asked:
 * - `login`: it does not take the PIN, or must not be asked again; one more try may lock it.
 * - `setup`: what the settings name is not there, or is no key for this.
 * - `lost`: session, token or module are gone; a fresh start may help.
 * - `refused`: it does not decrypt this.
 * - `unclear`: a code that modules answer for a broken device and for a bad ciphertext alike.
 * - `silent`: the module has not answered in time, and its process was stopped.
 */
export type TokenErrorKind = 'login' | 'setup' | 'lost' | 'refused' | 'unclear' | 'silent';

/**
 * The token, its module or its process did not do what it was asked; the message says what, where, and the module's
 * code.
 */
export class TokenError extends Error {
  readonly kind: TokenErrorKind;

  constructor(kind: TokenErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** An order with its number. */
export interface Request {
  readonly number: number;
  readonly order: Order;
}

/** What comes back for one order. */
export type Response =
  | { readonly number: number; readonly result: FoundKey | Uint8Array }
  | { readonly number: number; readonly error: Pick<TokenError, 'kind' | 'message'> };
