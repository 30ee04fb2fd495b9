import type { UserId } from '@key-connector/common';
import type { DataKey } from '../data-key.js';
import { openClassic } from '../layouts/classic.layout.js';
import { OpeningFailure } from '../opening-failure.js';
import { entryName } from './json-file.reader.js';
import type { JsonFile, JsonFileEntry } from './json-file.schema.js';
import { JsonImportRefused } from './json-import.errors.js';

/** Bytes of a member's key as clients make it. */
const usualLength = 32;

/** A file whose every value was seen to open. */
export class OpenedJsonFile {
  /** Members whose key has another length than 32 bytes; they are served all the same. */
  readonly unusual: readonly UserId[];

  /** Opens each value once; a JsonImportRefused names all that do not. */
  constructor(
    readonly path: string,
    readonly file: JsonFile,
    private readonly dataKey: DataKey,
  ) {
    const unusual: UserId[] = [];
    const broken = file.userKey.flatMap((entry, index) => {
      try {
        const key = this.open(entry);
        if (key.length !== usualLength) unusual.push(entry.id);
        key.fill(0);
        return [];
      } catch (error) {
        if (!(error instanceof OpeningFailure)) throw error;
        return [`${entryName(index, entry.id)}: key does not open with the data key of the file (${error.reason})`];
      }
    });
    if (broken.length > 0) throw new JsonImportRefused(path, 'holds keys that do not open.', broken);
    this.unusual = unusual;
  }

  /** The member's key; the caller wipes it. */
  open({ key }: JsonFileEntry): Buffer {
    return openClassic(this.dataKey, key);
  }

  /** Whether classic values of this file open under that data key as they stand. */
  isSealedUnder({ id, secret }: DataKey): boolean {
    return id === this.dataKey.id && secret.equals(this.dataKey.secret);
  }
}
