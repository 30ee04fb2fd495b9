import { readFile, stat } from 'node:fs/promises';
import { parseUserId } from '@key-connector/common';
import { z } from 'zod';
import { utcTextOfDotnet } from './dotnet-time.js';
import { JsonImportRefused } from './json-import.errors.js';

/** Base64 as classic software writes it (RFC 4648, section 4, with padding). */
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const sealed = z
  .string({ error: 'must be text' })
  .min(1, { error: 'must not be empty' })
  .max(64 * 1024, { error: 'must not be longer than 65536 characters' })
  .regex(base64, { error: 'must be base64' });

const time = z.string({ error: 'must be a time' }).transform((text, context) => {
  const utc = utcTextOfDotnet(text);
  if (utc !== undefined) return utc;
  context.addIssue({ code: 'custom', message: 'must be a time such as 2023-01-10T00:11:22.1234567Z' });
  return z.NEVER;
});

const userId = z.string({ error: 'must be a GUID' }).transform((text, context) => {
  const id = parseUserId(text);
  if (id !== undefined) return id;
  context.addIssue({ code: 'custom', message: 'must be a GUID' });
  return z.NEVER;
});

const entry = z.strictObject({
  id: userId,
  key: sealed,
  creationDate: time,
  revisionDate: time.nullish().transform((text) => text ?? null),
  lastAccessDate: time.nullish().transform((text) => text ?? null),
});

/** The store of a deployment that kept its keys in a JSON file. */
const jsonFileSchema = z.strictObject(
  {
    /** The data key under the key-encryption key's classic algorithm. */
    symmetricKey: sealed,
    userKey: z.array(entry, { error: 'must be a list' }).default([]),
  },
  { error: 'must be an object with "symmetricKey" and "userKey"' },
);

/** The file's content; times are `yyyy-MM-dd HH:mm:ss.fffffff` in UTC. */
export type JsonFile = z.output<typeof jsonFileSchema>;

/** One member of the file. */
export type JsonFileEntry = JsonFile['userKey'][number];

/** Some 250,000 members; a file that is larger is something else. */
const maxMegabytes = 64;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist.',
  EACCES: 'may not be read by this user.',
  EISDIR: 'is a folder.',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'is not UTF-8 text.',
};

/** Reads the file and checks its form; a JsonImportRefused names each entry that is wrong, by index and id. */
export async function readJsonFile(path: string): Promise<JsonFile> {
  const text = await textOf(path);
  const given = parse(path, text);
  const result = jsonFileSchema.safeParse(given);
  if (!result.success)
    throw new JsonImportRefused(
      path,
      'is not a store of keys.',
      result.error.issues.map((issue) => describe(issue, given)),
    );
  refuseDoubles(path, result.data);
  return result.data;
}

async function textOf(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > maxMegabytes * 1024 * 1024)
      throw new JsonImportRefused(path, `is larger than ${maxMegabytes} MB, the most that can be imported.`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    if (error instanceof JsonImportRefused) throw error;
    const { code = 'unknown cause' } = error as NodeJS.ErrnoException;
    throw new JsonImportRefused(path, reasons[code] ?? `cannot be read (${code}).`);
  }
}

/** The parser's own message quotes what stands in the file, which may be a value: only its place is told. */
function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const place =
      error instanceof SyntaxError ? /position \d+(?: \(line \d+ column \d+\))?/.exec(error.message)?.[0] : '';
    throw new JsonImportRefused(path, `is not JSON${place ? ` (at ${place})` : ''}.`);
  }
}

function describe({ path, message, ...issue }: z.core.$ZodIssue, given: unknown): string {
  const [list, index, field] = path;
  const rule = issue.code === 'unrecognized_keys' ? `holds the unknown ${issue.keys.join(', ')}` : message;
  if (list !== 'userKey' || typeof index !== 'number') return [...path.map(String), rule].join(' ');
  return `${entryName(index, idOf(given, index))}: ${field === undefined ? rule : `${String(field)} ${rule}`}`;
}

/** How an entry is named to people. */
export const entryName = (index: number, id: string | undefined): string =>
  `userKey[${index}]${id === undefined ? '' : ` (${id})`}`;

/** The entry's id as it stands in the file, when it can be one: anything else might be a value in the wrong place. */
function idOf(given: unknown, index: number): string | undefined {
  const { id } = (given as { userKey: { id?: unknown }[] }).userKey[index] ?? {};
  return typeof id === 'string' && /^[0-9a-f-]{1,40}$/i.test(id) ? id : undefined;
}

function refuseDoubles(path: string, { userKey }: JsonFile): void {
  const first = new Map<string, number>();
  const doubles = userKey.flatMap(({ id }, index) => {
    const other = first.get(id);
    if (other !== undefined) return [`${entryName(index, id)}: is the same member as userKey[${other}]`];
    first.set(id, index);
    return [];
  });
  if (doubles.length > 0) throw new JsonImportRefused(path, 'holds a member twice.', doubles);
}
