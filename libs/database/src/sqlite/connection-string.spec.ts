import { describe, expect, test } from '@jest/globals';
import { parseSqlite } from './connection-string.js';

describe('an SQLite connection string', () => {
  test('names a file, and whether it may be made', () => {
    expect(parseSqlite('Data Source=/data/keys.db')).toEqual({ file: '/data/keys.db', create: true });
    expect(parseSqlite('Filename=/data/keys.db;Mode=ReadWrite')).toEqual({ file: '/data/keys.db', create: false });
  });

  test.each([
    ['/data/keys.db', 'Data Source=…'],
    ['sqlite:///data/keys.db', 'Data Source=…'],
    ['Mode=ReadWrite', 'Data Source is missing'],
    ['Data Source=:memory:', 'must be a file'],
    ['Data Source=/data/keys.db;Mode=ReadOnly', 'must not be ReadOnly'],
    ['Data Source=/data/keys.db;Password=hunter2', 'Password must not be given: an encrypted file'],
    ['Data Source=file:/data/keys.db', 'must be a plain path'],
  ])('%s is refused with what to write', (text, message) => {
    expect(() => parseSqlite(text)).toThrow(message);
    expect(() => parseSqlite(text)).not.toThrow(/hunter2/);
  });
});
