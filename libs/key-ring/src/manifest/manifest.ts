import { createHash } from 'node:crypto';
import { z } from 'zod';

/** Characters of a document at most: some 500 data keys. */
export const maxDocumentLength = 60_000;

const int31 = z.int32().nonnegative();
const fingerprint = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const text = z.string().min(1).max(2048);

const dataKey = z.strictObject({
  /** What the header of a bound value names; 0 is a classic deployment's. */
  id: int31,
  /** base64url of 32 bytes that this data key alone gives, in this ring alone: see `dataKeyCheck`. */
  check: z.string().regex(/^[\w-]{43}$/),
  /** A dropped one opens and seals nothing; its id and check stay for good. */
  state: z.enum(['open', 'dropped']),
});

const kek = z.strictObject({
  /** The fingerprint that the key-encryption key names itself by. */
  id: fingerprint,
  /** `service`: a replica can be configured with it. `recovery`: kept offline. */
  role: z.enum(['service', 'recovery']),
  algorithm: text,
  /** The exact key version at its provider. */
  reference: text,
  /** Base64 of the public key; null only for a symmetric key at a KMS. */
  publicKey: z.string().min(1).max(8192).nullable(),
});

const manifest = z
  .strictObject({
    format: z.literal(1),
    ring: fingerprint,
    publicKey: z.string().max(100),
    version: z.int32().positive(),
    previous: fingerprint.nullable(),
    activeDataKeyId: int31,
    dataKeys: z.array(dataKey).min(1),
    keks: z.array(kek).min(1),
    layout: z.enum(['classic', 'bound', 'boundOnly']),
  })
  .refine(({ dataKeys }) => ascending(dataKeys.map(({ id }) => id)), {
    error: 'data keys stand in the order of their ids',
  })
  .refine(({ keks }) => ascending(keks.map(({ id }) => id)), {
    error: 'key-encryption keys stand in the order of their ids',
  })
  .refine(({ keks }) => keks.some(({ role }) => role === 'service'), { error: 'a replica needs a key-encryption key' })
  .refine(
    ({ dataKeys, activeDataKeyId: active }) => dataKeys.some(({ id, state }) => id === active && state === 'open'),
    {
      error: 'the active data key is one that is open',
    },
  )
  .refine(({ activeDataKeyId, layout }) => (activeDataKeyId === 0) === (layout === 'classic'), {
    error: 'data key 0 is active exactly where values are written classic',
  })
  .refine(({ version, previous }) => (version === 1 ? previous === null : true), {
    error: 'the first version has no previous one',
  });

/** What a ring consists of, as its identity has signed it: which data keys and key-encryption keys count. */
export type Manifest = DeepReadonly<z.output<typeof manifest>>;

/** A data key in a manifest. */
export type ManifestDataKey = Manifest['dataKeys'][number];

/** A key-encryption key in a manifest. */
export type ManifestKek = Manifest['keks'][number];

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/**
 * The one text of a manifest: JSON in printable ASCII, its members in the order of their description, no white space.
 *
 * @throws RangeError when it says what no manifest may, or is too long.
 */
export function writeManifest(given: Manifest): string {
  const result = manifest.safeParse(given);
  if (!result.success) throw new RangeError(`This is no manifest: ${z.prettifyError(result.error)}`);
  const document = canonical(result.data);
  if (document.length > maxDocumentLength)
    throw new RangeError(`The ring's manifest would be longer than ${maxDocumentLength} characters.`);
  return document;
}

/** Reads the text of a manifest; `undefined` where it is not, letter by letter, what `writeManifest` gives. */
export function readManifest(document: string): Manifest | undefined {
  if (document.length > maxDocumentLength) return undefined;
  const result = manifest.safeParse(parsed(document));
  return result.success && canonical(result.data) === document ? result.data : undefined;
}

/** The beginning of every format: what is read before a signature is checked. */
const beginning = /^\{"format":\d{1,9},"ring":"(sha256:[0-9a-f]{64})","publicKey":"([A-Za-z0-9+/=]{1,100})"/;

/** The ring that a text claims to be of, by how it begins. */
export function ringOf(document: string): { readonly ring: string; readonly publicKey: string } | undefined {
  const [, ring, publicKey] = beginning.exec(document) ?? [];
  return ring === undefined || publicKey === undefined ? undefined : { ring, publicKey };
}

/** What the next version names as `previous`: `sha256:` + hex over the document's bytes. */
export const documentHash = (document: string): string =>
  `sha256:${createHash('sha256').update(document, 'utf8').digest('hex')}`;

/** Members stand as the schema has them, whatever order they were given in. */
function canonical(value: z.output<typeof manifest>): string {
  const escaped = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, escaped);
}

function parsed(document: string): unknown {
  try {
    return JSON.parse(document);
  } catch {
    return undefined;
  }
}

const ascending = (items: readonly (number | string)[]): boolean =>
  items.every((item, index) => {
    const before = items[index - 1];
    return before === undefined || before < item;
  });
