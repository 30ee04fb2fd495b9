import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  KeyProvider,
  KeyProviderMisconfigured,
  keyProviderSettingsSchema,
  KeyProviderUnavailable,
} from '@key-connector/crypto-providers';
import { setEnvironment } from '../lab/processes/environment.ts';
import { type GoogleFault, permissions } from '../lab/clouds/google/kms.double.ts';
import { type GoogleProject, startGoogleProject } from '../lab/clouds/google/project.ts';
import { openKey } from '../lab/clouds/open-key.ts';
import { trust } from '../lab/processes/environment.ts';

describe('Google Cloud KMS that fails', () => {
  let project: GoogleProject;
  let distrust: () => void;
  let undo: (() => void)[] = [];

  beforeAll(async () => {
    project = await startGoogleProject();
    distrust = trust(project.tls.caPem);
    // The library is loaded now, and not while the first test waits.
    const reset = setEnvironment(project.env);
    project.kms.addVersion('warm');
    await openKey(project.settings('warm'));
    reset();
  });
  afterEach(() => {
    project.kms.fault = () => undefined;
    for (const permission of Object.values(permissions)) project.kms.permitted.add(permission);
    for (const step of undo.splice(0)) step();
  });
  afterAll(async () => {
    distrust();
    await project.stop();
  });

  const withAccount = (): void => {
    undo = [setEnvironment(project.env)];
  };
  const refusal = async (opening: Promise<unknown>): Promise<Error> => {
    const outcome = await opening.catch((error: unknown) => error);
    if (!(outcome instanceof Error)) throw new Error('expected a refusal');
    expect(outcome.message).not.toContain('PRIVATE KEY');
    return outcome;
  };

  const passing: [string, GoogleFault][] = [
    ['is away', { code: status.UNAVAILABLE, details: 'The service is currently unavailable.' }],
    ['throttles', { code: status.RESOURCE_EXHAUSTED, details: 'Quota exceeded.' }],
    ['fails inside', { code: status.INTERNAL, details: 'Internal error.' }],
    ['never answers', 'stall'],
    [
      'sends damaged values',
      { alter: (answer) => Object.assign(answer, { pem: `${answer.pem ?? ''}\n`, plaintext: Buffer.alloc(32) }) },
    ],
    ['sends no checksums', { alter: (answer) => Object.assign(answer, { pemCrc32c: null, plaintextCrc32c: null }) }],
    [
      'has not verified what it got',
      { alter: (answer) => Object.assign(answer, { name: 'another', verifiedCiphertextCrc32c: false }) },
    ],
  ];

  test.each(passing)('a service that %s is unavailable, and works again as soon as it does', async (_, fault) => {
    withAccount();
    project.kms.addVersion('passing');
    const rsaKey = { ...project.settings('passing'), timeoutSeconds: 3 };
    const provider = new KeyProvider(keyProviderSettingsSchema.parse({ rsaKey }));
    const dataKey = randomBytes(32);
    const wrapped = await (await openKey(rsaKey)).wrap(dataKey);
    project.kms.fault = () => fault;
    const unwrapped = async (): Promise<Uint8Array> => (await provider.open()).unwrap(wrapped);
    expect(await refusal(unwrapped())).toBeInstanceOf(KeyProviderUnavailable);
    project.kms.fault = () => undefined;
    expect(Buffer.from(await unwrapped())).toEqual(dataKey);
    project.kms.fault = (method) => (method === 'AsymmetricDecrypt' ? fault : undefined);
    expect(await refusal(unwrapped())).toBeInstanceOf(KeyProviderUnavailable);
  });

  // Not the suite of the other providers' versions: here the settings must name one, so that none is ever "the newest".
  test('a new version changes nothing: a wrapping is opened with the version that it names', async () => {
    withAccount();
    project.kms.addVersion('rotated', 1);
    const first = await openKey(project.settings('rotated', 1));
    const dataKey = randomBytes(32);
    const wrapped = await first.wrap(dataKey);
    project.kms.addVersion('rotated', 2, 'RSA_DECRYPT_OAEP_3072_SHA256');
    expect(Buffer.from(await (await openKey(project.settings('rotated', 1))).unwrap(wrapped))).toEqual(dataKey);
    const second = await openKey(project.settings('rotated', 2), [wrapped.keyReference]);
    expect(second.id).not.toBe(first.id);
    expect(Buffer.from(await second.unwrap(wrapped))).toEqual(dataKey);
    expect((await second.wrap(dataKey)).keyReference).toMatch(/cryptoKeyVersions\/2$/);
  });

  test.each(['DISABLED', 'DESTROY_SCHEDULED', 'DESTROYED'] as const)(
    'a version that is %s is named with its state, and is no damaged wrapping',
    async (state) => {
      withAccount();
      const version = project.kms.addVersion(`retired-${state.toLowerCase()}`);
      const settings = project.settings(`retired-${state.toLowerCase()}`);
      const key = await openKey(settings);
      const wrapped = await key.wrap(randomBytes(32));
      version.state = state;
      for (const error of [await refusal(key.unwrap(wrapped)), await refusal(openKey(settings))]) {
        expect(error).toBeInstanceOf(KeyProviderMisconfigured);
        expect(error.message).toContain(version.name);
        expect(error.message).toContain(state);
      }
    },
  );

  test('a permission that is gone is named with its key version', async () => {
    withAccount();
    const { name } = project.kms.addVersion('permitted');
    const key = await openKey(project.settings('permitted'));
    const wrapped = await key.wrap(randomBytes(32));
    project.kms.permitted.clear();
    for (const [error, permission] of [
      [await refusal(key.unwrap(wrapped)), permissions.useToDecrypt],
      [await refusal(openKey(project.settings('permitted'))), permissions.viewPublicKey],
    ] as const) {
      expect(error).toBeInstanceOf(KeyProviderMisconfigured);
      expect(error.message).toContain(`${permission} on ${name}`);
    }
  });

  test('a version that does not exist is refused by name', async () => {
    withAccount();
    const error = await refusal(openKey(project.settings('no-such-key', 7)));
    expect(error).toBeInstanceOf(KeyProviderMisconfigured);
    expect(error.message).toContain('no-such-key/cryptoKeyVersions/7');
  });

  test('a key for signing is refused by its algorithm', async () => {
    withAccount();
    project.kms.addVersion('signing', 1, 'RSA_SIGN_PSS_2048_SHA256');
    const error = await refusal(openKey(project.settings('signing')));
    expect(error).toBeInstanceOf(KeyProviderMisconfigured);
    expect(error.message).toContain('RSA_SIGN_PSS_2048_SHA256');
  });

  test('a certificate of KMS that nobody here vouches for is told as such', async () => {
    withAccount();
    project.kms.addVersion('untrusted');
    distrust();
    const error = await refusal(openKey({ ...project.settings('untrusted'), timeoutSeconds: 3 }));
    distrust = trust(project.tls.caPem);
    expect(error).toBeInstanceOf(KeyProviderUnavailable);
    expect(error.message).toContain('certificate');
  });

  test('start to ready asks twice: one call to open, one for the data key', async () => {
    withAccount();
    project.kms.addVersion('frugal');
    const wrapped = await (await openKey(project.settings('frugal'))).wrap(randomBytes(32));
    project.kms.calls.length = 0;
    await (await openKey(project.settings('frugal'), [wrapped.keyReference])).unwrap(wrapped);
    expect(project.kms.calls).toEqual(['GetPublicKey', 'AsymmetricDecrypt']);
  });

  describe('its credentials', () => {
    const open = async (): Promise<Uint8Array> => {
      project.kms.addVersion('credentials');
      const key = await openKey({ ...project.settings('credentials'), timeoutSeconds: 10 });
      return key.unwrap(await key.wrap(randomBytes(32)));
    };

    test('none to be found is a matter of waiting, and says what to do', async () => {
      const nowhere = join(project.folder, 'nowhere');
      undo = [setEnvironment({ METADATA_SERVER_DETECTION: 'none', HOME: nowhere, CLOUDSDK_CONFIG: nowhere })];
      const error = await refusal(open());
      expect(error).toBeInstanceOf(KeyProviderUnavailable);
      expect(error.message).toContain('credentials');
    });

    test('of a deleted service account are refused', async () => {
      const account = project.identity.createServiceAccountKey();
      const file = join(project.folder, 'deleted.json');
      await writeFile(file, JSON.stringify(account));
      undo = [setEnvironment({ GOOGLE_APPLICATION_CREDENTIALS: file })];
      expect(await open()).toHaveLength(32);
      project.identity.deleteServiceAccount(account);
      const error = await refusal(open());
      expect(error).toBeInstanceOf(KeyProviderMisconfigured);
      expect(error.message).toContain('credentials');
    });

    test('of a federated workload come from its token file, which is read again when they are due', async () => {
      const token = join(project.folder, 'subject-token');
      const config = join(project.folder, 'external-account.json');
      await writeFile(config, JSON.stringify(project.identity.externalAccount(token)));
      await writeFile(token, 'first');
      project.identity.federated.add('first');
      // Due at once, so that each call asks for a new one.
      project.identity.lifetime = 1;
      undo = [setEnvironment({ GOOGLE_APPLICATION_CREDENTIALS: config }), () => (project.identity.lifetime = 3600)];
      project.kms.addVersion('federated');
      const key = await openKey({ ...project.settings('federated'), timeoutSeconds: 10 });
      const wrapped = await key.wrap(randomBytes(32));
      expect(await key.unwrap(wrapped)).toHaveLength(32);
      project.identity.federated.clear();
      const error = await refusal(key.unwrap(wrapped));
      expect(error).toBeInstanceOf(KeyProviderUnavailable);
      expect(error.message).toContain('access token');
      project.identity.federated.add('second');
      await writeFile(token, 'second');
      expect(await key.unwrap(wrapped)).toHaveLength(32);
      expect(project.identity.issued.federated).toBeGreaterThan(1);
    });

    test('of the machine or the GKE workload come from the metadata server', async () => {
      const nowhere = join(project.folder, 'nowhere');
      undo = [
        setEnvironment({
          GCE_METADATA_HOST: project.identity.host,
          METADATA_SERVER_DETECTION: 'assume-present',
          HOME: nowhere,
          CLOUDSDK_CONFIG: nowhere,
        }),
      ];
      expect(await open()).toHaveLength(32);
      expect(project.identity.issued.metadata).toBeGreaterThan(0);
    });
  });
});
