import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type KeyEncryptionKey,
  KeyProviderMisconfigured,
  KeyProviderUnavailable,
  UnwrapFailed,
  type WrappedKey,
} from '@key-connector/crypto-providers';
import { describeStalledProvider, rejection } from '@key-connector/crypto-providers/testing';
import { compiler, FaultyModule } from '../lab/pkcs11/faulty-module.ts';
import { OpenKeys } from '../lab/pkcs11/open-keys.ts';
import { throwawayKey } from '../lab/pkcs11/rsa-key.ts';
import { SoftHsm, softHsm, type SoftToken } from '../lab/pkcs11/soft-hsm.ts';
import { childrenOf } from '../lab/processes/proc.ts';
import { describeIf } from '../lab/skip/skip.ts';

const reason = softHsm.installed ? compiler.reason : softHsm.reason;

describeIf(softHsm.installed && compiler.installed, reason, 'a PKCS#11 module that fails', () => {
  const keys = new OpenKeys();
  const dataKey = randomBytes(32);
  const { pem } = throwawayKey();
  let hsm: SoftHsm;
  let token: SoftToken;
  let module: FaultyModule;

  beforeAll(async () => {
    hsm = await SoftHsm.create();
    token = await hsm.createToken('vault');
    await hsm.importKey(token, { pem, label: 'kek', id: '01' });
    module = await FaultyModule.build(hsm.library);
  });
  afterEach(async () => {
    await keys.close();
    await module.reset();
  });
  afterAll(async () => {
    await module.remove();
    await hsm.remove();
  });

  const open = (others: object = {}): Promise<KeyEncryptionKey> => {
    const rsaKey = { pkcs11LibraryPath: module.library, pkcs11LoginPin: token.pin, pkcs11PrivateKeyLabel: 'kek' };
    return keys.open({ rsaKey: { ...rsaKey, ...others } }, { ...hsm.environment, ...module.environment });
  };
  /** A key in use, and a wrapping of it; calls are counted from here on. */
  const inUse = async (others: object = {}): Promise<{ key: KeyEncryptionKey; wrapped: WrappedKey }> => {
    const key = await open(others);
    const wrapped = await key.wrap(dataKey);
    await key.unwrap(wrapped);
    await module.reset();
    return { key, wrapped };
  };
  const expectOpens = async (key: KeyEncryptionKey, wrapped: WrappedKey): Promise<void> => {
    expect(Buffer.from(await key.unwrap(wrapped))).toEqual(dataKey);
  };

  describeStalledProvider('a PKCS#11 module', async () => {
    const { key, wrapped } = await inUse({ timeoutSeconds: 1 });
    await module.order('C_Decrypt hang');
    return { key, wrapped, recover: () => module.reset() };
  });

  test('one that hangs leaves the event loop free', async () => {
    const { key, wrapped } = await inUse({ timeoutSeconds: 1 });
    await module.order('C_Decrypt hang');
    let turns = 0;
    const unwrapping = rejection(key.unwrap(wrapped)).finally(() => (turns = -turns));
    while (turns >= 0) {
      turns += 1;
      await sleep(10);
    }
    expect((await unwrapping).message).toContain('has not answered for 1 s');
    // The call took a second: a hundred turns on an idle machine.
    expect(-turns).toBeGreaterThan(10);
  });

  test.each(['C_Initialize hang', 'C_Initialize fail 48', 'C_Login crash', 'C_Decrypt crash', 'C_Decrypt fail 5'])(
    'one that does "%s" while the key is opened is unavailable, and works later',
    async (order) => {
      await module.order(order);
      const error = await rejection(open({ timeoutSeconds: 1 }));
      expect(error).toBeInstanceOf(KeyProviderUnavailable);
      expect(error.message).not.toContain(token.pin);
      await module.reset();
      await expect(open()).resolves.toBeDefined();
    },
  );

  test.each([
    'crash 0 once',
    'close-sessions 0 once',
    'log-out 0 once',
    'finalize 0 once',
    // A device error, a handle that is invalid, a code of the vendor's own.
    ...[0x30, 0x82, 0x80000001].map((code) => `fail ${code} once`),
  ])('whatever is lost by "%s" comes back within the call, with one login', async (what) => {
    const { key, wrapped } = await inUse();
    await module.order(`C_Decrypt ${what}`);
    await expectOpens(key, wrapped);
    expect(await module.countOf('C_Login')).toBeLessThanOrEqual(1);
    await expectOpens(key, wrapped);
  });

  test.each(['crash', 'fail 48', 'fail 5'])(
    'one that goes on to "%s" is unavailable after one more try, and works later',
    async (what) => {
      const { key, wrapped } = await inUse();
      await module.order(`C_Decrypt ${what}`);
      expect(await rejection(key.unwrap(wrapped))).toBeInstanceOf(KeyProviderUnavailable);
      expect(await module.countOf('C_Login')).toBe(1);
      await module.reset();
      await expectOpens(key, wrapped);
    },
  );

  test('a general error is the fault of the wrapping only where the token opens another one', async () => {
    const { key, wrapped } = await inUse();
    const damaged = { ...wrapped, ciphertext: randomBytes(256).fill(0, 0, 1) };
    expect(await rejection(key.unwrap(damaged))).toBeInstanceOf(UnwrapFailed);
    expect(await module.countOf('C_Login')).toBe(0);
    await module.order('C_Decrypt fail 5 once');
    await expectOpens(key, wrapped);
  });

  test('fifty calls at once open what each of them was given, in five sessions at most', async () => {
    const key = await open();
    const dataKeys = Array.from({ length: 50 }, () => randomBytes(32));
    const wrapped = await Promise.all(dataKeys.map((one) => key.wrap(one)));
    await module.reset();
    const opened = await Promise.all(wrapped.map((one) => key.unwrap(one)));
    expect(opened.map((one) => Buffer.from(one))).toEqual(dataKeys);
    expect(await module.countOf('C_OpenSession')).toBeLessThanOrEqual(4);
  });

  test('a key that is closed lets go of the module, which logs out; one that hangs then is stopped', async () => {
    const { key } = await inUse();
    await key.close();
    expect(await module.countOf('C_Finalize')).toBe(1);
    await module.reset();
    const { key: stuck } = await inUse();
    await module.order('C_Finalize hang');
    await stuck.close();
    expect(await module.countOf('C_Finalize')).toBe(1);
  });

  test('fifty calls at once survive a crash in the middle', async () => {
    const { key, wrapped } = await inUse();
    await module.order('C_Decrypt crash 0 once');
    await Promise.all(Array.from({ length: 50 }, () => expectOpens(key, wrapped)));
    expect(await module.countOf('C_Login')).toBe(1);
  });

  test('its process, which holds the PIN, opens no inspector on SIGUSR1', async () => {
    const { key, wrapped } = await inUse();
    const [child, ...others] = childrenOf(process.pid)
      .map((pid) => ({ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8') }))
      .filter(({ command }) => command.includes('token-process'));
    expect(others).toEqual([]);
    expect(child?.command).toContain('--disable-sigusr1');
    process.kill(child?.pid ?? 0, 'SIGUSR1');
    await expectOpens(key, wrapped);
    expect(await module.countOf('C_Login')).toBe(0);
  });

  describe('the PIN', () => {
    test('that is wrong is tried once, and is not shown', async () => {
      const error = await rejection(open({ pkcs11LoginPin: '0000-wrong' }));
      expect(error).toBeInstanceOf(KeyProviderMisconfigured);
      expect(error.message).toMatch(/does not accept the PIN in rsaKey__pkcs11LoginPin: CKR_PIN_INCORRECT/);
      expect(error.message).not.toContain('0000-wrong');
      expect(await module.countOf('C_Login')).toBe(1);
    });

    // Incorrect, expired, locked.
    test.each([0xa0, 0xa3, 0xa4])('that the token refuses with %d is for an operator to mend', async (code) => {
      await module.order(`C_Login fail ${code}`);
      expect(await rejection(open())).toBeInstanceOf(KeyProviderMisconfigured);
      expect(await module.countOf('C_Login')).toBe(1);
    });

    test('that is changed while the key is in use is tried once, and never again', async () => {
      const { key, wrapped } = await inUse();
      const pin = '87654321';
      await hsm.pkcs11Tool(token, '--change-pin', '--new-pin', pin);
      await module.order('C_Decrypt crash 0 once');
      for (let i = 0; i < 3; i += 1)
        expect(await rejection(key.unwrap(wrapped))).toBeInstanceOf(KeyProviderMisconfigured);
      expect(await module.countOf('C_Login')).toBe(1);
      await hsm.pkcs11Tool({ ...token, pin }, '--change-pin', '--new-pin', token.pin);
    });

    test.each([
      ['would lock at the next wrong PIN', 0x20000],
      ['is locked', 0x40000],
    ])('of a token that %s is not tried', async (message, flags) => {
      await module.order(`C_GetTokenInfo flags ${flags}`);
      const error = await rejection(open());
      expect(error).toBeInstanceOf(KeyProviderMisconfigured);
      expect(error.message).toContain(message);
      expect(await module.countOf('C_Login')).toBe(0);
    });
  });

  test('a token whose private key shows no modulus gives the public half from a public key, or a certificate', async () => {
    const { key } = await inUse();
    await module.order('C_GetAttributeValue hide-from-private-keys');
    expect((await open()).id).toBe(key.id);
    await module.order('C_GetAttributeValue hide');
    expect((await rejection(open())).message).toContain('give the certificate in certificate__*');
    await hsm.importCertificate(token, { pem, id: '01' });
    const fromCertificate = await open();
    expect(fromCertificate.id).toBe(key.id);
    await expectOpens(fromCertificate, await key.wrap(dataKey));
  });

  test('a token that is taken out is unavailable, and is found again when it is back', async () => {
    const { key, wrapped } = await inUse();
    await hsm.unplug();
    await module.order('C_Decrypt fail 50 once');
    expect(await rejection(key.unwrap(wrapped))).toBeInstanceOf(KeyProviderUnavailable);
    expect(await rejection(open())).toBeInstanceOf(KeyProviderUnavailable);
    await hsm.plugIn();
    await expectOpens(key, wrapped);
  });
});
