import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { classicFolder } from '@key-connector/key-ring/testing';
import SqliteDatabase from 'better-sqlite3';
import { run } from './run.js';
import { exitCodes } from './terminal/exit-codes.js';

const { argv, env } = process;
const { publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 3072,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const member = 'aaaaaaaa-0000-4000-8000-000000000001';
const kek = `sha256:${'0123456789abcdef'.repeat(4)}`;

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'key-connector-looking-'));
  file = join(folder, 'keys.sqlite');
  process.env = {
    ...env,
    keyConnectorSettings__identityServerUri: 'https://identity.invalid',
    keyConnectorSettings__rsaKey__provider: 'certificate',
    keyConnectorSettings__certificate__provider: 'filesystem',
    keyConnectorSettings__certificate__filesystemPath: `${classicFolder}bwkc-aes.pfx`,
    keyConnectorSettings__certificate__filesystemPassword: 'fixture-password',
    keyConnectorSettings__database__provider: 'sqlite',
    keyConnectorSettings__database__sqliteConnectionString: `Data Source=${file}`,
  };
});
afterEach(async () => {
  Object.assign(process, { argv, env });
  await rm(folder, { recursive: true });
});

/** Runs a command in this process. Gives its exit code, and what it said. */
async function cli(...args: readonly string[]): Promise<{ code: number; said: string }> {
  const streams = [process.stdout, process.stderr].map((each) => jest.spyOn(each, 'write').mockReturnValue(true));
  const before = process.exitCode;
  process.exitCode = 0;
  process.argv = ['node', 'key-connector', ...args];
  try {
    await run();
    return { code: process.exitCode, said: streams.flatMap(({ mock }) => mock.calls.flat()).join('') };
  } finally {
    process.exitCode = before;
    for (const stream of streams) stream.mockRestore();
  }
}

function sql<T>(statement: string): T[] {
  const database = new SqliteDatabase(file, { timeout: 5_000 });
  try {
    const prepared = database.prepare<[], T>(statement);
    return prepared.reader ? prepared.all() : (prepared.run(), []);
  } finally {
    database.close();
  }
}

const classic = (): Promise<void> => copyFile(`${classicFolder}classic.sqlite`, file);

describe.each([
  'data-key list',
  'kek list',
  `member history ${member}`,
  'recovery drill --share /dev/null',
  'ring show',
  'status',
  'data-key drop 1 --dry-run',
  'data-key drop 1 --finish --dry-run',
  'data-key reencrypt --dry-run',
  'data-key rotate --dry-run',
  'kek add --with new.env --dry-run',
  `kek remove ${kek} --dry-run`,
  'layout downgrade --dry-run',
  'layout upgrade --dry-run',
  `member delete ${member} --dry-run`,
  `member restore ${member} --version 1 --dry-run`,
  'recovery add <public key> --dry-run',
  'recovery create --write shares --dry-run',
  `recovery remove ${kek} --dry-run`,
  'recovery restore --share /dev/null --dry-run',
  'ring adopt --dry-run',
  'ring rekey --dry-run',
])('%s', (line) => {
  const looking = async (): ReturnType<typeof cli> => {
    await writeFile(join(folder, 'public.pem'), publicKey);
    return cli(...line.replace('<public key>', `${folder}/public.pem`).split(/ (?!key>)/));
  };

  it('runs no migration: it says which are pending', async () => {
    await classic();
    const before = sql('SELECT * FROM sqlite_schema');
    const { code, said } = await looking();
    expect({ code, said }).toEqual({ code: exitCodes.database, said: expect.stringContaining('lacks the migrations') });
    expect(sql('SELECT * FROM sqlite_schema')).toEqual(before);
  });

  it('makes no database', async () => {
    const { code, said } = await looking();
    expect({ code, said }).toEqual({ code: exitCodes.database, said: expect.stringContaining('is not there yet') });
    expect(existsSync(file)).toBe(false);
  });
});

describe('doctor', () => {
  const warnings = async (): Promise<string> => {
    const { findings } = JSON.parse((await cli('doctor', '--json')).said.replace(/^[^{]*/, '')) as {
      findings: { check: string; level: string; what: string }[];
    };
    return findings
      .flatMap(({ check, level, what }) => (check === 'ring' && level === 'warning' ? [what] : []))
      .join('\n');
  };

  it('warns of a ring without a recovery key, and of a pin from before something was given up', async () => {
    await classic();
    expect(await cli('ring', 'adopt', '--yes')).toMatchObject({ code: 0 });
    expect(await warnings()).toContain('has no recovery key');

    await writeFile(join(folder, 'public.pem'), publicKey);
    expect(await cli('recovery', 'add', join(folder, 'public.pem'))).toMatchObject({ code: 0 });
    const [row] = sql<{ Document: string }>('SELECT "Document" FROM "RingManifests" ORDER BY "Version" DESC');
    const { ring, version, keks } = JSON.parse(row?.Document ?? '') as {
      ring: string;
      version: number;
      keks: { id: string; role: string }[];
    };
    process.env['keyConnectorSettings__keyRing__identity'] = `${ring}@${version}`;
    expect(await warnings()).toBe('');

    const recovery = keks.find(({ role }) => role === 'recovery')?.id ?? '';
    expect(await cli('recovery', 'remove', recovery, '--yes')).toMatchObject({ code: 0 });
    expect(await warnings()).toMatch(/accepts a version .* from before something was given up[^]*has no recovery key/);
  });
});

describe('status', () => {
  it('tells how many values are under other data keys than the active one', async () => {
    await classic();
    expect(await cli('ring', 'adopt', '--yes')).toMatchObject({ code: 0 });
    expect((await cli('status')).said).toContain('every value is under the active data key');
    const values = sql('SELECT 1 FROM "UserKeys"').length;
    sql(`UPDATE "UserKeys" SET "Key" = 'kc2.1.AAAA'`);
    expect((await cli('status')).said).toContain(
      `${values} values, the history’s too, are not under the active data key`,
    );
  });
});

describe('a command on one member', () => {
  it.each(['--dry-run', ''])('takes no classic deployment over: member delete %s', async (option) => {
    await classic();
    expect(await cli('migrations', 'run')).toMatchObject({ code: 0 });
    const [row] = sql<{ Id: string }>('SELECT "Id" FROM "UserKeys"');
    const { code, said } = await cli('member', 'delete', row?.Id ?? '', ...option.split(' ').filter(Boolean));
    expect({ code, said }).toEqual({ code: exitCodes.refused, said: expect.stringContaining('holds no ring yet') });
    for (const table of ['RingManifests', 'DataKeyWrappings', 'UserKeyHistory'])
      expect(sql(`SELECT * FROM "${table}"`)).toEqual([]);
    expect(sql('SELECT "Id" FROM "UserKeys"')).toContainEqual(row);
  });
});
