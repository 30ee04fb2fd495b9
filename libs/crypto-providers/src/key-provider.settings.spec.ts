import { describe, expect, it } from '@jest/globals';
import { keyProviderSettingsSchema } from './key-provider.settings.js';
import { certificateSources } from './certificate-sources/index.js';
import { kindsOf } from './contract/definitions.js';
import { keyProviders } from './providers/index.js';
import { revealed } from './testing/revealed.js';

const file = { filesystemPath: '/keys/bwkc.pfx', filesystemPassword: 'p' };
const problems = (input: object): string[] =>
  (keyProviderSettingsSchema.safeParse(input).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );

describe('the settings of the key provider', () => {
  it('choose the certificate from the filesystem unless told otherwise', () => {
    expect(revealed(keyProviderSettingsSchema.parse({ certificate: file }))).toEqual({
      kind: 'certificate',
      timeoutSeconds: 15,
      source: { kind: 'filesystem', path: '/keys/bwkc.pfx', password: 'p' },
    });
  });

  it('accept what an existing deployment has left over of other providers', () => {
    const rsaKey = {
      provider: 'Certificate',
      azureKeyvaultUri: 'https://x.vault.azure.net',
      awsUseSymmetricEncryption: 'False',
    };
    const certificate = { provider: 'filesystem', vaultToken: 't', ...file };
    expect(problems({ rsaKey, certificate })).toEqual([]);
  });

  it.each(kindsOf(keyProviders))('say what is missing for %s', (provider) => {
    const found = problems({ rsaKey: { provider } });
    expect(found).not.toEqual([]);
    for (const problem of found) expect(problem).toMatch(/^(rsaKey|certificate)\.\w+: is required/);
  });

  it.each(kindsOf(certificateSources))(
    'say what is missing for the source %s, or that it is not built yet',
    (provider) => {
      const found = problems({ certificate: { provider } });
      expect(found).not.toEqual([]);
      for (const problem of found) expect(problem).toMatch(/^certificate\.\w+: (is required|.* not built yet)/);
    },
  );

  it('ask for the path of the file', () => {
    expect(problems({})).toEqual([expect.stringMatching(/^certificate\.filesystemPath: is required/)]);
  });

  it('refuse an unknown name', () => {
    expect(problems({ rsaKey: { provder: 'certificate' }, certificate: file })).not.toEqual([]);
  });
});
