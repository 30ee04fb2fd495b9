import { open, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readJsonFile } from './json-file.js';

const id = '5d487080-fd39-41ed-b39d-67bff7ff08a9';
const secret = 'c2VjcmV0LXZhbHVl';
const entry = { id, key: secret, creationDate: '2023-01-10T00:11:22Z', revisionDate: null, lastAccessDate: null };
const store = (...userKey: readonly object[]): string => JSON.stringify({ symmetricKey: secret, userKey });

describe('readJsonFile', () => {
  let folder = '';
  let file = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'key-connector-json-file-'));
    file = join(folder, 'data.json');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('reads a store, with a byte-order mark, without dates that are not there, and without members', async () => {
    await writeFile(
      file,
      `\uFEFF${store({ id: id.toUpperCase(), key: secret, creationDate: '2023-01-10T00:11:22Z' })}`,
    );
    expect((await readJsonFile(file)).userKey).toEqual([{ ...entry, creationDate: '2023-01-10 00:11:22.0000000' }]);
    await writeFile(file, JSON.stringify({ symmetricKey: secret }));
    expect((await readJsonFile(file)).userKey).toEqual([]);
  });

  it.each([
    ['no JSON', `{"symmetricKey": "${secret}", oops`, /is not JSON \(at position 37/],
    ['another object', '{}', /symmetricKey must be text/],
    ['no object', '[]', /must be an object with "symmetricKey" and "userKey"/],
    ['an unknown member', `{"symmetricKey":"${secret}","userKeys":[]}`, /holds the unknown userKeys/],
    [
      'an unknown member of an entry',
      store(entry, { ...entry, note: secret }),
      `userKey[1] (${id}): holds the unknown note`,
    ],
    ['no GUID', store({ ...entry, id: 'me-and-you!' }), 'userKey[0]: id must be a GUID'],
    ['no base64', store({ ...entry, key: `*${secret}` }), `userKey[0] (${id}): key must be base64`],
    ['an empty key', store({ ...entry, key: '' }), `userKey[0] (${id}): key must not be empty`],
    ['no key', store({ ...entry, key: null }), `userKey[0] (${id}): key must be text`],
    ['no time', store({ ...entry, creationDate: 'yesterday' }), `userKey[0] (${id}): creationDate must be a time`],
    [
      'a member twice, in another case',
      store(entry, { ...entry, id: id.toUpperCase() }),
      `userKey[1] (${id}): is the same member as userKey[0]`,
    ],
  ])('refuses %s, and says where, without a value', async (_, text, message) => {
    await writeFile(file, text);
    const reading = readJsonFile(file);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(file);
    await expect(reading).rejects.not.toThrow(/c2VjcmV0|yesterday|oops/);
  });

  it('names the first ten of many problems and counts the rest', async () => {
    await writeFile(file, store(...Array.from({ length: 25 }, () => ({ ...entry, key: '!' }))));
    await expect(readJsonFile(file)).rejects.toThrow(/userKey\[9\] .*\n {2}… and 15 more$/);
  });

  it.each([
    ['a file that is not there', () => join(folder, 'nowhere.json'), /nowhere\.json does not exist\./],
    ['a folder', () => folder, /is a folder\./],
  ])('refuses %s', async (_, path, message) => {
    await expect(readJsonFile(path())).rejects.toThrow(message);
  });

  it('refuses 100 MB without reading them', async () => {
    const large = join(folder, 'large.json');
    const handle = await open(large, 'w');
    await handle.truncate(100 * 1024 * 1024);
    await handle.close();
    await expect(readJsonFile(large)).rejects.toThrow(/is larger than 64 MB/);
  });

  it('refuses bytes that are no UTF-8', async () => {
    await writeFile(file, Buffer.from([0x7b, 0xff, 0xfe]));
    await expect(readJsonFile(file)).rejects.toThrow(/is not UTF-8 text/);
  });
});
