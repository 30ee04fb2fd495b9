import { describe, expect, it } from '@jest/globals';
import { keyProviderSettingsSchema } from '../../key-provider.settings.js';

const parse = (rsaKey: object, certificate?: object): ReturnType<typeof keyProviderSettingsSchema.safeParse> =>
  keyProviderSettingsSchema.safeParse({ rsaKey: { provider: 'pkcs11', ...rsaKey }, certificate });
const problems = (rsaKey: object, certificate?: object): string[] =>
  (parse(rsaKey, certificate).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('the settings of a key behind PKCS#11', () => {
  it.each([
    ['yubihsm', '/usr/lib/x86_64-linux-gnu/pkcs11/yubihsm_pkcs11.so'],
    ['OpenSC', '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so'],
  ])('know where the module of %s lies', (pkcs11Provider, library) => {
    expect(parse({ pkcs11Provider, pkcs11PrivateKeyId: '10' }).data).toMatchObject({
      kind: 'pkcs11',
      token: { library, keyId: 10, loginAs: 'user' },
    });
  });

  it.each([
    ['12', 12],
    ['0', 0],
    ['0012', 12],
    [' 258 ', 258],
    [258, 258],
    ['0x12', '12'],
    ['0xA1B2', 'a1b2'],
    ['a1b2', 'a1b2'],
    ['A1B2', 'a1b2'],
    ['1e05', '1e05'],
    ['a1:b2', 'a1b2'],
    ['01:02', '0102'],
  ])('read the id %p as %p: digits alone stay the number that they were', (pkcs11PrivateKeyId, keyId) => {
    expect(parse({ pkcs11Provider: 'opensc', pkcs11PrivateKeyId }).data).toMatchObject({ token: { keyId } });
  });

  it.each(['first', '0x', '0xabc', 'abc', '-1', '1.5', '01:2', 1.5, -1, '99999999999999999999'])(
    'refuse the id %p',
    (pkcs11PrivateKeyId) => {
      expect(problems({ pkcs11Provider: 'opensc', pkcs11PrivateKeyId })).toEqual([
        'rsaKey.pkcs11PrivateKeyId: must be a whole number, or the bytes that pkcs11-tool shows: 0xa1b2 or a1b2',
      ]);
    },
  );

  it('prefer the path of a module to a known one', () => {
    const rsaKey = { pkcs11Provider: 'yubihsm', pkcs11LibraryPath: '/opt/hsm.so', pkcs11PrivateKeyLabel: 'kek' };
    expect(parse(rsaKey).data).toMatchObject({ token: { library: '/opt/hsm.so', keyLabel: 'kek' } });
  });

  it('ask for a module and for a key', () => {
    expect(problems({})).toEqual([
      expect.stringMatching(/^rsaKey\.pkcs11LibraryPath: is required/),
      expect.stringMatching(/^rsaKey\.pkcs11PrivateKeyLabel: is required/),
    ]);
  });

  it('take the public half from the certificate where one is set, and from the token where none is', () => {
    const rsaKey = { pkcs11Provider: 'opensc', pkcs11PrivateKeyLabel: 'kek' };
    expect(parse(rsaKey).data).toMatchObject({ certificate: undefined });
    expect(parse(rsaKey, { provider: 'filesystem', filesystemPath: '/k.crt' }).data).toMatchObject({
      certificate: { kind: 'filesystem', path: '/k.crt' },
    });
    expect(problems(rsaKey, { filesystemPassword: 'p' })).toEqual([
      expect.stringMatching(/^certificate\.filesystemPath: is required/),
    ]);
  });
});
