import { timingSafeEqual } from 'node:crypto';
import { type DatedUserKey, fromUtcText, type StoredUserKey } from '@key-connector/database';
import { OpeningFailure, type Ring } from '@key-connector/key-ring';
import type { JsonFileEntry } from './json-file.js';
import type { OpenedJsonFile } from './opened-json-file.js';

/** What the database lacks of a file, and what it already has. */
export interface ImportPlan {
  /** Members without a row. */
  readonly missing: JsonFileEntry[];
  /** Members whose row opens to the key of the file. */
  readonly same: JsonFileEntry[];
  /** Members whose key was stored here after the file's was last changed. */
  readonly newer: JsonFileEntry[];
  /** Members with another key, or one that does not open. */
  readonly conflicting: JsonFileEntry[];
}

/** Compares by the members' keys themselves: one key has a new ciphertext each time that it is sealed. */
export function planImport(opened: OpenedJsonFile, ring: Ring, rows: ReadonlyMap<string, DatedUserKey>): ImportPlan {
  const plan: ImportPlan = { missing: [], same: [], newer: [], conflicting: [] };
  for (const entry of opened.file.userKey) {
    const row = rows.get(entry.id);
    plan[row === undefined ? 'missing' : relation(opened, ring, entry, row)].push(entry);
  }
  return plan;
}

function relation(
  opened: OpenedJsonFile,
  ring: Ring,
  entry: JsonFileEntry,
  row: DatedUserKey,
): 'same' | 'newer' | 'conflicting' {
  const same = opensTo(opened, ring, entry, row);
  if (same === true) return 'same';
  const before = fromUtcText(entry.revisionDate ?? entry.creationDate);
  // A row that does not say when its key was stored is not known to be newer.
  return same === false && row.changed !== undefined && row.changed > before ? 'newer' : 'conflicting';
}

/** Whether a stored value holds the key of the file; `undefined` when it does not open. */
export function opensTo(
  opened: OpenedJsonFile,
  ring: Ring,
  entry: JsonFileEntry,
  stored: StoredUserKey,
): boolean | undefined {
  const expected = opened.key.open(entry.key);
  try {
    const actual = ring.open(stored);
    try {
      return actual.length === expected.length && timingSafeEqual(actual, expected);
    } finally {
      actual.fill(0);
    }
  } catch (error) {
    if (error instanceof OpeningFailure) return undefined;
    throw error;
  } finally {
    expected.fill(0);
  }
}
