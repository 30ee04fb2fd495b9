import { isIPv6 } from 'node:net';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { tempFolder } from '../lab/files/temp-folder.js';
import { type TlsCertificate, tlsCertificate } from '../lab/files/certificate.js';
import { clusters } from '../lab/kubernetes/cluster/cluster.js';
import { kubectl } from '../lab/kubernetes/cluster/kubectl.js';
import { httpCall } from '../lab/network/http-call.js';
import { Child } from '../lab/processes/child-process.js';
import { until } from '../lab/processes/until.js';
import { LogReader } from '../lab/service/log-reader.js';
import { describeIf, testIf } from '../lab/skip/skip.js';
import { newMember } from '../real-client/support/bitwarden/member.js';
import { storedMember, wiki } from '../real-client/support/cast.js';
import { missingForClient } from '../real-client/support/client/client.js';
import { Company } from '../real-client/support/company.js';
import { typeScript } from '../real-client/support/journey.js';
import { enrol, singleSignOn } from '../real-client/support/sign-in.js';
import { listLogins } from '../real-client/support/vault.js';
import { Installation } from './installation.js';

const missing = missingForClient();

describeIf(clusters.installed, clusters.reason, 'members of a release that ends TLS itself', () => {
  jest.setTimeout(180_000);
  let installation: Installation;
  let tls: TlsCertificate;
  beforeAll(async () => {
    installation = await Installation.prepare('members');
    tls = tlsCertificate([installation.host]);
    await kubectl.apply(
      [
        {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'tls' },
          type: 'kubernetes.io/tls',
          stringData: { 'tls.crt': tls.certificatePem, 'tls.key': tls.keyPem },
        },
      ],
      ...['--namespace', installation.namespace],
    );
    await installation.install(installation.values, {
      replicaCount: 1,
      service: { port: 443 },
      secrets: {
        http__tlsCertificatePath: { name: 'tls', key: 'tls.crt' },
        http__tlsKeyPath: { name: 'tls', key: 'tls.key' },
      },
    });
  });
  afterAll(() => installation.remove());

  test('`helm test` reaches it', async () => {
    expect(await installation.helm('test', 'key-connector', '--logs')).toMatch(/Phase: +Succeeded/);
  });

  test('reach it over IPv4 and IPv6, where the cluster has both', async () => {
    const addresses = JSON.parse(
      await installation.kubectl('get', 'service', 'key-connector', '--output=jsonpath={.spec.clusterIPs}'),
    ) as string[];
    expect(addresses.map(isIPv6).sort()).toEqual([false, true]);
    for (const address of addresses) {
      const host = isIPv6(address) ? `[${address}]` : address;
      expect(await httpCall(`https://${host}/health`, { ca: false })).toEqual({ status: 200, body: 'Healthy' });
    }
  });

  test('meet a new certificate when the Secret has one, and the pod is not restarted', async () => {
    const before = await installation.pods();
    tls = tlsCertificate([installation.host]);
    await installation.change('tls', { 'tls.crt': tls.certificatePem, 'tls.key': tls.keyPem });
    const meet = (): Promise<boolean> =>
      httpCall(`https://${installation.host}/health`, { ca: tls.caPem, timeoutMs: 2_000 }).then(
        ({ status }) => status === 200,
        () => false,
      );
    let log = '';
    const shown = async (): Promise<boolean> => {
      log = await installation.kubectl('logs', 'deployment/key-connector', '--tail=20');
      return meet();
    };
    await until(shown, () => `the new certificate is shown. The pod said:\n${log}`, 90_000, 500);
    expect(await installation.pods()).toEqual(before);
  });

  testIf(missing === undefined, missing ?? '', 'enrol and open their vaults by their own client', async () => {
    const reader = new LogReader();
    const log = new Child(...kubectl.command('logs', '--follow', 'deployment/key-connector', '-n', 'members'), {
      listen: (text) => {
        reader.add(text);
      },
    });
    const stop = (): Promise<void> => log.kill().then(() => undefined);
    const url = `https://${installation.host}`;
    const token = (id: string): string => installation.issuer.token({ claims: { sub: id } });
    const service = { logs: reader.lines, terminate: () => log.kill() };
    const company = await Company.around(
      { url, port: 443, settings: {}, token, stop, service },
      installation.issuer,
      tls,
      await tempFolder('company'),
    );
    try {
      const { member } = await storedMember(company);
      company.bitwarden.state.admit(member, typeScript.featureStates);
      const signedIn = await singleSignOn(company, member);
      expect(signedIn).toMatchObject({ complaint: '', calls: ['GET 200'] });
      expect(await listLogins(signedIn)).toEqual([wiki]);
      const newcomer = newMember();
      company.bitwarden.state.admit(newcomer, typeScript.featureStates);
      expect((await enrol(company, newcomer)).calls).toEqual(['POST 200']);
      expect(await company.keyConnector.keyOf(newcomer)).toHaveLength(32);
    } finally {
      await company.stop();
    }
  });
});
