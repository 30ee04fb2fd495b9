import { constants, publicEncrypt, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { KeyVaultDouble, VaultKeyVersion } from '../lab/clouds/azure/key-vault.double.js';
import { KeyProviderMisconfigured, UnwrapFailed } from '@key-connector/crypto-providers';
import { rejection } from '@key-connector/crypto-providers/testing';
import { AzureCompany } from './azure-company.js';

const company = AzureCompany.describe();
const dataKey = randomBytes(32);

/** What a classic deployment has in ApplicationDatas. */
const classicWrapping = ({ publicKey }: VaultKeyVersion): Buffer =>
  publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, dataKey);

describe('the version of the key', () => {
  let vault: KeyVaultDouble;
  let versions: VaultKeyVersion[];
  const at = (index: number): VaultKeyVersion => {
    const version = versions.at(index);
    if (version === undefined) throw new Error(`there is no version ${index}`);
    return version;
  };
  const open = (recorded: readonly string[], classic?: Uint8Array, more = {}): Promise<string> =>
    company.open(company.settings(vault, more), recorded, classic).then(({ keyReference }) => keyReference);

  beforeEach(() => {
    vault = company.vault();
    versions = [vault.addKey('wrap'), vault.addKey('wrap'), vault.addKey('wrap', { bits: 3072 })];
  });

  it('is the one that the settings name, whatever was recorded', async () => {
    expect(await open([at(2).id], undefined, { azureKeyvaultKeyVersion: at(1).version })).toBe(at(1).id);
  });

  it('is, of several that all data keys are wrapped with, the newest that is enabled', async () => {
    expect(await open([at(0).id, at(1).id])).toBe(at(1).id);
    at(1).attributes.enabled = false;
    expect(await open([at(0).id, at(1).id])).toBe(at(0).id);
    expect(await open([at(0).id, at(1).id, at(1).id]).catch(String)).toContain(`${at(1).version} is disabled`);
  });

  it('is found by its name in a vault that the key was restored into', async () => {
    expect(await open([at(0).id.replace(vault.host, 'lost.vault.azure.net')])).toBe(at(0).id);
  });

  it.each([0, 1, 2])(
    'is the one that opens a classic wrapping, though the key was rotated since (%d)',
    async (index) => {
      const wrapping = classicWrapping(at(index));
      expect(await open([], wrapping)).toBe(at(index).id);
      const key = await company.open(company.settings(vault), [], wrapping);
      const opened = await key.unwrap({
        keyReference: 'classic',
        algorithm: key.classicAlgorithm,
        ciphertext: wrapping,
      });
      expect(Buffer.from(opened)).toEqual(dataKey);
    },
  );

  it('needs no list of versions where the current one opens the classic wrapping', async () => {
    vault.allow(company.application.clientId, ['keys/get', 'keys/unwrapKey']);
    expect(await open([], classicWrapping(at(-1)))).toBe(at(-1).id);
    const error = await rejection(open([], classicWrapping(at(0))));
    expect(error).toBeInstanceOf(KeyProviderMisconfigured);
    expect(error.message).toContain('grant it keys/list, or name the version in rsaKey__azureKeyvaultKeyVersion');
  });

  it('passes over versions that are disabled or of another type', async () => {
    const wrapping = classicWrapping(at(0));
    at(1).attributes.enabled = false;
    versions.push(vault.addKey('wrap', { kind: 'EC' }), vault.addKey('wrap'));
    expect(await open([], wrapping)).toBe(at(0).id);
  });

  it('is the current one where none opens the classic wrapping, which then fails as a foreign one', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    at(0).attributes.enabled = false;
    const wrapping = classicWrapping(at(0));
    const key = await company.open(company.settings(vault), [], wrapping);
    expect(key.keyReference).toBe(at(-1).id);
    await expect(key.unwrap({ keyReference: '', algorithm: 'RSA-OAEP', ciphertext: wrapping })).rejects.toThrow(
      UnwrapFailed,
    );
    expect(warn).toHaveBeenCalledWith(expect.objectContaining({ disabled: [at(0).version] }));
    warn.mockRestore();
  });

  it('costs one call, and each data key another; a challenge is answered once', async () => {
    const key = await company.open(company.settings(vault), [at(1).id]);
    const wrapped = await Promise.all([1, 2, 3].map(() => key.wrap(dataKey)));
    for (const one of wrapped) await key.unwrap(one);
    expect(vault.requests).toEqual([
      `GET /keys/wrap/${at(1).version}`,
      ...wrapped.map(() => `POST /keys/wrap/${at(1).version}/unwrapkey`),
    ]);
    expect(vault.challenges).toBe(2);
  });
});
