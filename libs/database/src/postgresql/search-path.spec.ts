import { describe, expect, test } from '@jest/globals';
import { leadsTo, parametersOf, schemasOf } from './search-path.js';

describe('a search path', () => {
  test.each([
    ['', []],
    ['keys', ['keys']],
    ['Keys , PUBLIC', ['keys', 'public']],
    ['"$user", public', ['$user', 'public']],
    ['$user,public', ['$user', 'public']],
    ['"My Schema","a,b", "say ""hi"""', ['My Schema', 'a,b', 'say "hi"']],
    ['SCHÖN', ['schÖn']],
    ['"broken', ['"broken']],
  ])('%s is read as PostgreSQL reads it', (path, names) => {
    expect(schemasOf(path)).toEqual(names);
  });

  test.each<[string | null, readonly string[], boolean]>([
    ['keys', ['keys', 'public'], true],
    ['public', ['keys', 'public'], false],
    [null, ['keys'], false],
    ['public', ['$user', 'public'], true],
    ['kc', ['$user', 'public'], true],
    ['other', ['$user', 'public'], false],
    ['keys', ['pg_temp', 'keys'], true],
    ['public', [], false],
  ])('%s is where %j leads: %j', (schema, names, leads) => {
    expect(leadsTo(schema, names, 'kc')).toBe(leads);
  });
});

test.each<[string, Record<string, string>]>([
  ['-c search_path=keys', { search_path: 'keys' }],
  [String.raw`-csearch_path=a,\ b --statement-timeout=5s`, { search_path: 'a, b', statement_timeout: '5s' }],
  ['-c search_path=a -c Search_Path=b', { search_path: 'b' }],
  [String.raw`-c app.x=1\\2 -d 3 -c`, { 'app.x': String.raw`1\2` }],
])('options %s set parameters', (options, parameters) => {
  expect(Object.fromEntries(parametersOf(options))).toEqual(parameters);
});
