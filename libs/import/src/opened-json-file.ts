import type { UserId } from '@key-connector/common';
import { type ClassicKey, OpeningFailure } from '@key-connector/key-ring';
import { entryName, type JsonFile } from './json-file.js';
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
    /** Opens the file's values. */
    readonly key: ClassicKey,
  ) {
    const unusual: UserId[] = [];
    const broken = file.userKey.flatMap((entry, index) => {
      try {
        const opened = key.open(entry.key);
        if (opened.length !== usualLength) unusual.push(entry.id);
        opened.fill(0);
        return [];
      } catch (error) {
        if (!(error instanceof OpeningFailure)) throw error;
        return [`${entryName(index, entry.id)}: key does not open with the data key of the file (${error.reason})`];
      }
    });
    if (broken.length > 0) throw new JsonImportRefused(path, 'holds keys that do not open.', broken);
    this.unusual = unusual;
  }
}
