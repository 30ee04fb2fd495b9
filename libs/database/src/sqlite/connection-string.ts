import { resolve } from 'node:path';
import { parseAdoNet } from '../connection-string/ado-net.js';
import { ConnectionStringError } from '../connection-string/connection-string.errors.js';
import type { Keywords } from '../connection-string/key-table.js';
import { readKeywords } from '../connection-string/keywords.js';
import { name, oneOf, password } from '../connection-string/rules.js';

/** The one file of an SQLite database. */
export interface SqliteConnection {
  /** Absolute path. */
  readonly file: string;
  /** Whether the file is made when it is not there. */
  readonly create: boolean;
}

const rules = {
  file: name(),
  mode: oneOf(['ReadWriteCreate', 'ReadWrite', 'ReadOnly', 'Memory']),
  password: password(),
};

const keywords: Keywords<typeof rules> = {
  rules,
  aliases: { file: ['Data Source', 'Filename'], mode: ['Mode'], password: ['Password'] },
  ignored: ['Cache', 'Pooling', 'Foreign Keys', 'Recursive Triggers', 'Default Timeout', 'Command Timeout'],
  refused: {
    VFS: 'is not taken: the file must be on a local disk, through the system’s own file system; leave it out',
    Server: 'is of another product: an SQLite database is a file, Data Source=/path/keys.db',
    Host: 'is of another product: an SQLite database is a file, Data Source=/path/keys.db',
  },
};

/** Reads an SQLite connection string as Microsoft.Data.Sqlite does. */
export function parseSqlite(text: string): SqliteConnection {
  // A path alone, or a URL.
  if ((text.trim() !== '' && !text.includes('=')) || /^\s*(jdbc:)?(sqlite|file):/i.test(text)) {
    throw new ConnectionStringError(['the path of the file goes into Data Source=…']);
  }
  const { file, mode, password: key } = readKeywords(parseAdoNet(text), keywords);
  if (file === undefined) throw new ConnectionStringError(['Data Source is missing']);
  if (mode === 'Memory' || file.toLowerCase() === ':memory:') {
    throw new ConnectionStringError(['Data Source must be a file: a database in memory loses every key at exit']);
  }
  if (key !== undefined) {
    throw new ConnectionStringError([
      'Password must not be given: an encrypted file (SQLCipher) cannot be read here. Decrypt it by sqlcipher_export',
    ]);
  }
  if (mode === 'ReadOnly') throw new ConnectionStringError(['Mode must not be ReadOnly: keys are stored here']);
  if (/^file:/i.test(file)) throw new ConnectionStringError(['Data Source must be a plain path, not a file: URI']);
  return { file: resolve(file), create: mode !== 'ReadWrite' };
}
