import { type ErrorCode, KeyConnectorError } from '@key-connector/common';

const shown = 10;

/** The file, or what it meets in the database, keeps it from being imported; nothing was written. */
export class JsonImportRefused extends KeyConnectorError {
  readonly code: ErrorCode = 'IMPORT_REFUSED';

  /** @param problems one line each: which entry, and what is wrong with it; never a value. */
  constructor(file: string, why: string, problems: readonly string[] = []) {
    const more = problems.length > shown ? [`… and ${problems.length - shown} more`] : [];
    const lines = [...problems.slice(0, shown), ...more].map((line) => `\n  ${line}`).join('');
    super(`${file} ${why} Nothing was imported.${lines}`);
  }
}

/** Members have another key in the database than in the file, and nothing says that the database's is the newer one. */
export class JsonImportConflict extends JsonImportRefused {
  readonly differing: number;

  /** @param missing how many members of the file have no row yet. */
  constructor(
    file: string,
    ids: readonly string[],
    readonly missing: number,
  ) {
    super(
      file,
      `gives ${ids.length} members another key than the database holds, which is never overwritten. Find out which is right: ` +
        'take a member out of the file to keep the key of the database.',
      ids.map((id) => `member ${id}`),
    );
    this.differing = ids.length;
  }
}
