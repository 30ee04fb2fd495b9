import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { testIf } from '../../../test/lab/skip/skip.js';
import { privateFolder } from './compile-cache.js';

const user = process.getuid?.() ?? 0;
const stranger = 65534;

describe('the folder for compiled code', () => {
  let temporary: string;
  let folder: string;
  beforeEach(() => {
    temporary = realpathSync(mkdtempSync(join(tmpdir(), 'key-connector-cache-')));
    folder = join(temporary, `key-connector-${user}`);
  });
  afterEach(() => {
    rmSync(temporary, { recursive: true, force: true });
  });

  test('is made for this user alone, in a temporary folder that everybody may write to', () => {
    chmodSync(temporary, 0o1777);
    expect(privateFolder(temporary)).toBe(folder);
    expect(statSync(folder)).toMatchObject({ uid: user, mode: 0o40700 });
    expect(privateFolder(temporary)).toBe(folder);
  });

  test.each([
    ['its group', 0o720],
    ['everybody', 0o702],
    ['everybody, though sticky,', 0o1777],
  ])('is not used when %s may write to it', (_, mode) => {
    mkdirSync(folder);
    chmodSync(folder, mode);
    expect(privateFolder(temporary)).toBeUndefined();
  });

  test('is not used when it is a link, to whatever folder', () => {
    mkdirSync(join(temporary, 'elsewhere'), { mode: 0o700 });
    symlinkSync(join(temporary, 'elsewhere'), folder);
    expect(privateFolder(temporary)).toBeUndefined();
  });

  test.each([
    ['its group', 0o770],
    ['everybody', 0o702],
  ])('is not used where %s could put another in its place', (_, mode) => {
    chmodSync(temporary, mode);
    expect(privateFolder(temporary)).toBeUndefined();
  });

  test('is not used where that could be done further up', () => {
    const below = join(temporary, 'below');
    mkdirSync(below, { mode: 0o700 });
    chmodSync(temporary, 0o777);
    expect(privateFolder(below)).toBeUndefined();
  });

  test('there is none without a temporary folder, and that is no error', () => {
    expect(privateFolder(join(temporary, 'nowhere'))).toBeUndefined();
    expect(existsSync(join(temporary, 'nowhere'))).toBe(false);
  });

  testIf(user === 0, 'only root can give files away', 'is not used when another user made it', () => {
    mkdirSync(folder, { mode: 0o700 });
    chownSync(folder, stranger, stranger);
    expect(privateFolder(temporary)).toBeUndefined();
  });
});
