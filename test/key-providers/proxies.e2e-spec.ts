import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { AwsAccount } from '../lab/clouds/aws/aws-account.js';
import { ministack, startMinistack } from '../lab/clouds/aws/ministack.js';
import { webIdentityToken } from '../lab/clouds/aws/aws-account.js';
import { tlsCertificate } from '../lab/files/certificate.js';
import { ConnectProxy } from '../lab/network/connect-proxy.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { freePort } from '../lab/network/free-port.js';
import { startGoogleProject } from '../lab/clouds/google/project.js';
import { OpenBaoServer, openbao } from '../lab/clouds/vault/openbao.server.js';
import { type ServiceProcess, startService } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { until } from '../lab/processes/until.js';

/** A name that no resolver knows (RFC 2606): only a proxy leads there. */
const privateHost = 'keys.company.example';

/** A provider that can be reached through the proxy only. */
interface Behind {
  /** The settings that choose it, under the provider's public names. */
  readonly settings: Readonly<Record<string, string>>;
  /** The setting that leads to `privateHost` instead. */
  readonly endpointSetting: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The authority of its certificates, PEM. */
  readonly caPem: string;
  /** Every name that a start asks for, its credentials' too. */
  readonly names: readonly string[];
  stop(): Promise<void>;
}

function describeBehindProxy(
  name: string,
  condition: { readonly installed: boolean; readonly reason: string },
  prepare: (proxy: ConnectProxy, folder: string) => Promise<Behind>,
): void {
  describeIf(condition.installed, condition.reason, `${name} behind a company’s proxy`, () => {
    let folder: TempFolder;
    let proxy: ConnectProxy;
    let behind: Behind;
    let deployment: Deployment;
    let service: ServiceProcess | undefined;
    const [member, key] = [randomUUID(), randomBytes(32).toString('base64')];

    beforeAll(async () => {
      folder = await tempFolder('proxy');
      proxy = await ConnectProxy.start();
      behind = await prepare(proxy, folder.path);
      const authority = join(folder.path, 'ca.crt');
      await writeFile(authority, behind.caPem);
      deployment = await startDeployment({
        settings: { certificate__filesystemPath: '/nonexistent', tls__extraCaPath: authority, ...behind.settings },
        // As companies write it: for all schemes, and without one of its own.
        env: { ...behind.env, ALL_PROXY: new URL(proxy.url).host },
      });
    });
    afterEach(() => service?.kill());
    afterAll(async () => {
      await deployment.stop();
      await behind.stop();
      await proxy.stop();
      await folder.remove();
    });

    /** Another start, towards the private name. */
    const start = async (noProxy: string): Promise<ServiceProcess> => {
      proxy.asked.length = 0;
      const { settings } = deployment;
      service = await startService({
        settings: {
          ...settings,
          http__port: String(await freePort()),
          [behind.endpointSetting]: `https://${privateHost}`,
          rsaKey__timeoutSeconds: '2',
        },
        env: { ...behind.env, https_proxy: proxy.url, no_proxy: noProxy },
        waitFor: 'live',
      });
      return service;
    };

    test('is asked through it, its credentials too, and nothing else is', async () => {
      expect((await deployment.call('POST', member, key)).status).toBe(200);
      expect(await (await deployment.call('GET', member)).json()).toEqual({ key });
      expect([...new Set(proxy.asked)].sort()).toEqual(behind.names.map((host) => `${host}:443`).sort());
    });

    test('is not asked through it where NO_PROXY names its domain, and the log says where there was no way', async () => {
      const started = await start('company.example,other.example');
      await until(() => started.output.includes('KEY_PROVIDER_UNAVAILABLE'), 'the service finds no way there');
      expect(started.output).toContain(privateHost);
      expect(proxy.asked).not.toContain(`${privateHost}:443`);
    });

    test('is asked through it again without that', async () => {
      const { url } = await start('other.example');
      await until(async () => (await fetch(`${url}/health/ready`)).status === 200, 'the service is ready');
      expect(proxy.asked).toContain(`${privateHost}:443`);
    });
  });
}

describeBehindProxy('AWS KMS', ministack, async (proxy, folder) => {
  const emulator = await startMinistack();
  const account = new AwsAccount(emulator.port);
  const hosts = [`kms.${account.region}.amazonaws.com`, `sts.${account.region}.amazonaws.com`];
  const certificate = tlsCertificate([...hosts, privateHost]);
  for (const host of [...hosts, privateHost]) await proxy.routeToPlain(host, emulator.port, certificate);
  const [issuer, subject] = ['oidc.example.com', 'key-connector'];
  const role = await account.createWebIdentityRole(issuer, subject, 'kms:GetPublicKey', 'kms:Decrypt');
  const token = join(folder, 'web-identity-token');
  await writeFile(token, webIdentityToken(issuer, subject));
  return {
    settings: { rsaKey__provider: 'awskms', rsaKey__awsKeyId: await account.createRsaKey() },
    endpointSetting: 'rsaKey__awsEndpoint',
    env: { AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: token, AWS_REGION: account.region },
    caPem: certificate.caPem,
    names: hosts,
    stop: () => emulator.stop(),
  };
});

describeBehindProxy('Google Cloud KMS', { installed: true, reason: '' }, async (proxy, folder) => {
  const [kmsHost, tokenHost] = ['cloudkms.googleapis.com', 'sts.googleapis.com'];
  const project = await startGoogleProject([kmsHost, tokenHost, privateHost]);
  project.kms.addVersion('key-connector');
  project.identity.federated.add('subject-token');
  for (const host of [kmsHost, privateHost]) proxy.route(host, project.kms.port);
  await proxy.routeToPlain(tokenHost, project.identity.port, project.tls);
  const [token, account] = [join(folder, 'subject-token'), join(folder, 'external-account.json')];
  await writeFile(token, 'subject-token');
  const externalAccount = { ...project.identity.externalAccount(token), token_url: `https://${tokenHost}/v1/token` };
  await writeFile(account, JSON.stringify(externalAccount));
  const settings = { ...project.settings('key-connector'), googleCloudEndpoint: '' };
  return {
    settings: Object.fromEntries(Object.entries(settings).map(([name, value]) => [`rsaKey__${name}`, value])),
    endpointSetting: 'rsaKey__googleCloudEndpoint',
    env: { ...project.env, GOOGLE_APPLICATION_CREDENTIALS: account },
    caPem: project.tls.caPem,
    names: [kmsHost, tokenHost],
    stop: () => project.stop(),
  };
});

describeBehindProxy('Vault', openbao, async (proxy) => {
  const host = 'vault.company.test';
  const tls = tlsCertificate([host, privateHost]);
  const bao = await OpenBaoServer.start({ tls });
  for (const name of [host, privateHost]) proxy.route(name, Number(new URL(bao.tlsUrl).port));
  await bao.mount('transit', 'transit');
  await bao.post('transit/keys/kc', { type: 'rsa-2048' });
  await bao.policy('key-connector', { 'transit/keys/kc': ['read'], 'transit/decrypt/kc': ['update'] });
  return {
    settings: {
      rsaKey__provider: 'vaulttransit',
      rsaKey__vaultServerUri: `https://${host}`,
      rsaKey__vaultToken: await bao.token(['key-connector']),
      rsaKey__vaultTransitKeyName: 'kc',
    },
    endpointSetting: 'rsaKey__vaultServerUri',
    caPem: tls.caPem,
    names: [host],
    stop: () => bao.stop(),
  };
});
