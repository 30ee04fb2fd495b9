import { parseUserId } from '@key-connector/common';
import { z } from 'zod';
import { utcTextOfDotnet } from './dotnet-time.js';

/** Base64 as classic software writes it (RFC 4648, section 4, with padding). */
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const sealed = z
  .string({ error: 'must be text' })
  .min(1, { error: 'must not be empty' })
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
export const jsonFileSchema = z.strictObject(
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
