import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type TempFolder, tempFolder } from '../../../test/lab/files/temp-folder.js';
import { run } from '../../../test/lab/processes/child-process.js';
import { trustExtraCas } from './extra-cas.js';
import { TlsFileUnreadable } from './tls.errors.js';

type Three = [string, string, string];

describe('the extra certificate authorities', () => {
  const trustedBefore = tls.getCACertificates('default');
  let made: TempFolder;
  let folder: string;
  let [pem, otherPem, keyPem] = ['', '', ''];
  /** PKCS#7 in both forms. */
  let bundle: { readonly der: Buffer; readonly pem: string };
  beforeAll(async () => {
    made = await tempFolder('authorities-made');
    const self = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30';
    for (const command of [
      `${self} -keyout ca.key -out ca.pem -subj /CN=ca`,
      `${self} -keyout other.key -out other.pem -subj /CN=other`,
      'crl2pkcs7 -nocrl -certfile ca.pem -out ca.p7b',
      'crl2pkcs7 -nocrl -certfile ca.pem -outform DER -out ca.p7b.der',
    ])
      await run('openssl', command.split(' '), { cwd: made.path });
    const read = (name: string): Promise<Buffer> => readFile(join(made.path, name));
    [pem, otherPem, keyPem] = (await Promise.all(['ca.pem', 'other.pem', 'ca.key'].map(read))).map(String) as Three;
    bundle = { der: await read('ca.p7b.der'), pem: String(await read('ca.p7b')) };
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(made.path, 'folder-'));
  });
  afterEach(() => {
    tls.setDefaultCACertificates(trustedBefore);
  });
  afterAll(() => made.remove());

  const der = (): Buffer => new X509Certificate(pem).raw;
  const put = async (name: string, content: string | Buffer): Promise<string> => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  /** Those that are trusted since. */
  const added = (): string[] => {
    const before = new Set(trustedBefore);
    const since = tls.getCACertificates('default').filter((one) => !before.has(one));
    return since.map((one) => new X509Certificate(one).fingerprint256);
  };
  const trusts = (authority: string): boolean => added().includes(new X509Certificate(authority).fingerprint256);

  const forms: [form: string, name: string, content: () => string | Buffer][] = [
    ['PEM', 'ca.pem', () => pem],
    ['PEM with lines of Windows', 'ca.crt', () => pem.replaceAll(/\r?\n/g, '\r\n')],
    ['PEM with a byte-order mark', 'ca.crt', () => `\ufeff${pem}`],
    ['PEM in UTF-16', 'ca.cer', () => Buffer.from(`\ufeff${pem}`, 'utf16le')],
    ['PEM with text around it', 'ca.crt', () => `Subject: Übung\n${pem}\n# end\n`],
    ['PEM under its older label', 'ca.pem', () => pem.replaceAll('CERTIFICATE', 'X509 CERTIFICATE')],
    ['DER', 'ca.der', der],
    ['DER', 'ca.cer', der],
    ['DER', 'CA.CRT', der],
    ['PEM', 'ca', () => pem],
  ];
  it.each(forms)('are read as %s, from a file %s that the setting names', async (_form, name, content) => {
    expect(await trustExtraCas(await put(name, content()))).toEqual([]);
    expect(trusts(pem)).toBe(true);
  });
  it.each(forms)('are read as %s, from a file %s in a folder', async (_form, name, content) => {
    await put(name, content());
    await put('other.pem', otherPem);
    expect(await trustExtraCas(folder)).toEqual([]);
    expect([trusts(pem), trusts(otherPem)]).toEqual([true, true]);
  });

  it('are each trusted once, and folders and hidden files of a mounted volume are passed over', async () => {
    await mkdir(join(folder, '..data'));
    await writeFile(join(folder, '..data', 'ca.crt'), pem);
    await symlink(join('..data', 'ca.crt'), join(folder, 'ca.crt'));
    await symlink(join('..data', 'ca.crt'), join(folder, 'abcd1234.0'));
    await mkdir(join(folder, 'java'));
    expect(await trustExtraCas(folder)).toEqual([]);
    expect(added().filter((one) => one === new X509Certificate(pem).fingerprint256)).toHaveLength(1);
  });

  it.each<[string, string, () => string | Buffer, RegExp]>([
    ['an empty file', 'ca.crt', () => '', /is empty/],
    ['text', 'README.txt', () => 'put authorities here', /holds no certificate/],
    ['PKCS#7 in DER', 'chain.p7b', () => bundle.der, /is PKCS#7.*openssl pkcs7 -inform DER -print_certs/],
    ['PKCS#7 in PEM', 'chain.p7b', () => bundle.pem, /is PKCS#7.*-inform PEM -print_certs/],
    ['a private key', 'server.key', () => keyPem, /holds a private key/],
    ['a certificate with its private key', 'both.pem', () => otherPem + keyPem, /holds a private key/],
    ['something else in DER', 'key.pfx', () => Buffer.from('3003020103', 'hex'), /holds no certificate/],
    [
      'a damaged certificate under another name',
      'note.txt',
      () => damaged(),
      /is damaged: its certificate number 1 cannot be read/,
    ],
  ])('beside which %s is named in a warning, never its content', async (_, name, content, said) => {
    await put('ca.pem', pem);
    const file = await put(name, content());
    const warnings = await trustExtraCas(folder);
    expect(warnings).toEqual([expect.stringMatching(said)]);
    expect(warnings[0]).toContain(`tls__extraCaPath: ${file} `);
    expect(warnings[0]).not.toContain(keyPem.slice(40, 100));
    expect(trusts(pem)).toBe(true);
  });

  const damaged = (): string => pem.replace(/^M.{60}/m, 'A'.repeat(61));

  it('end the start where the setting names a file that is not there, or that holds none', async () => {
    const refusal = async (path: string): Promise<string> => {
      const error: unknown = await trustExtraCas(path).catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(TlsFileUnreadable);
      expect((error as Error).message).toContain(path);
      return (error as Error).message;
    };
    expect(await refusal(join(folder, 'nowhere.crt'))).toContain('does not exist');
    expect(await refusal(await put('server.key', keyPem))).toContain('holds a private key');
    expect(await refusal(await put('chain.p7b', bundle.der))).toContain('openssl pkcs7');
    expect(await refusal(await put('damaged.pem', damaged()))).toContain('damaged');
  });

  it('end the start where a folder has a damaged certificate under the name of one, or none at all', async () => {
    await expect(trustExtraCas(folder)).rejects.toThrow(/there is no certificate/);
    await put('ca.pem', pem);
    await put('damaged.cer', damaged());
    await expect(trustExtraCas(folder)).rejects.toThrow(/damaged\.cer.*damaged/);
  });
});
