/**
 * What a package that brings a key provider exports, as types alone: this file needs nothing, and a package needs
 * nothing of ours at run time. docs/writing-a-key-provider.md tells the whole story.
 */

/** The version of this contract. */
export type ApiVersion = 1;

/** `export const keyProvider: KeyProviderModule<…>` is what the service looks for. */
export interface KeyProviderModule<Settings = unknown> {
  readonly apiVersion: ApiVersion;
  /** The settings under `rsaKey__module__*`: one flat object. */
  readonly settings: SettingsSchema<Settings>;
  /** Names the key that the settings mean, for logs; no secret in it. */
  describe(settings: Settings): string;
  /** Opens the key; called at every start, and again while it rejects with `KEY_PROVIDER_UNAVAILABLE`. */
  open(settings: Settings, context: OpenContext): Promise<ProvidedKey>;
}

/** What the service tells a provider when it opens the key. */
export interface OpenContext {
  /** The key references of the wrappings in the database: where the settings name no key version, open these. */
  readonly recordedKeyReferences: readonly string[];
  /** `rsaKey__timeoutSeconds`: how long the service waits for `open`, for each `wrap` and for each `unwrap`. */
  readonly timeoutSeconds: number;
}

/** A key that wraps data keys of 32 bytes and never leaves its place. */
export interface ProvidedKey {
  /**
   * `sha256:` + 64 hex digits of SHA-256: over the SPKI DER of the public key, or over the full name of a key without
   * one.
   */
  readonly id: string;
  /**
   * Base64 of the SPKI DER of the public key, which `id` is over. With it, a data key can be wrapped under this key
   * while another one is configured; without it, keys are rotated and added only where this one is.
   */
  readonly publicKey?: string | undefined;
  /** Which key this is, for people; no secret in it. */
  readonly description: string;
  /** Names the exact key version that wraps; not blank. */
  readonly keyReference: string;
  /** What a wrapping of a classic deployment was made with (`RSA-OAEP` for RSA keys); else the key's one algorithm. */
  readonly classicAlgorithm: string;
  /** Wraps 32 bytes and leaves them as they are; `algorithm` is `classicAlgorithm` or not given. */
  wrap(dataKey: Uint8Array<ArrayBuffer>, algorithm?: string): Promise<WrappedDataKey>;
  /** Opens a wrapping of this key into fresh bytes, which the service wipes. Every refusal is `DATA_KEY_UNREADABLE`. */
  unwrap(wrapped: WrappedDataKey): Promise<Uint8Array>;
  /** Lets go of connections and sessions, when the service stops; at most 5 s are waited for it. */
  close?(): Promise<void> | void;
}

/** A data key as the database keeps it. */
export interface WrappedDataKey {
  /** The one of the key that wrapped it; `classic` for a wrapping of a classic deployment, which names none. */
  readonly keyReference: string;
  readonly algorithm: string;
  readonly ciphertext: Uint8Array;
}

/**
 * The `code` of an error that a provider means to throw. Its message is shown to operators: no secret in it. Every
 * other error counts as a fault of the package, ends the start, and its message is not shown.
 */
export type DeclaredErrorCode =
  /** It does not answer; the service tries again. */
  | 'KEY_PROVIDER_UNAVAILABLE'
  /** Only an operator can mend it: a wrong PIN, a key that is not there. It is not tried again. */
  | 'KEY_PROVIDER_MISCONFIGURED'
  /** From `unwrap`: foreign, damaged, malformed. Its message is not shown: all refusals read the same. */
  | 'DATA_KEY_UNREADABLE';

/**
 * A schema of any library with Standard Schema (https://standardschema.dev) and Standard JSON Schema, such as zod 4.2
 * or later. Every value comes as text, or as a list of texts where the schema takes an array. A property with
 * `writeOnly: true` is a secret: never printed, and accepted as `<name>_FILE`.
 */
export interface SettingsSchema<Settings> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: { readonly input: unknown; readonly output: Settings } | undefined;
    validate(value: unknown): ValidationResult<Settings> | Promise<ValidationResult<Settings>>;
    readonly jsonSchema: { input(options: JsonSchemaOptions): Record<string, unknown> };
  };
}

type ValidationResult<Settings> =
  { readonly value: Settings; readonly issues?: undefined } | { readonly issues: readonly SettingsIssue[] };

interface SettingsIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

interface JsonSchemaOptions {
  readonly target: 'draft-2020-12';
  readonly libraryOptions?: Record<string, unknown> | undefined;
}
