import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Helm, helm } from '../lab/kubernetes/helm.js';
import { describeIf } from '../lab/skip/skip.js';
import { valueSet } from './value-sets.js';

const secret = 'correct-horse';

/** Values that are wrong beside those of ci/minimal, and what the message must name. */
const typos: readonly [name: string, values: Record<string, unknown>, named: RegExp][] = [
  ['a value that is not there', { replicas: 3 }, /'replicas' not allowed/],
  ['a group of settings', { config: { databse: {} } }, /'databse' not allowed/],
  ['a setting', { config: { log: { levle: 'info' } } }, /\/config\/log.*'levle' not allowed/],
  ["a setting's word", { config: { log: { level: 'loud' } } }, /\/config\/log\/level/],
  ["a setting's number", { config: { http: { port: 65_536 } } }, /\/config\/http\/port/],
  ["a setting's type", { config: { database: { migrate: 'no' } } }, /\/config\/database\/migrate/],
  ['text that YAML made a number', { config: { rsaKey: { pkcs11PrivateKeyLabel: 1 } } }, /pkcs11PrivateKeyLabel/],
  ['a secret that is no setting', { secrets: { database__password: { name: 'a', key: 'b' } } }, /'database__password'/],
  ['a reference', { secrets: { rsaKey__vaultToken: { secretName: 'a', key: 'b' } } }, /rsaKey__vaultToken/],
  ['a reference without its key', { secrets: { rsaKey__vaultToken: { name: 'a' } } }, /rsaKey__vaultToken.*'key'/],
  ['a digest', { image: { digest: 'sha256:abc' } }, /\/image\/digest/],
  ['a pull policy', { image: { pullPolicy: 'Sometimes' } }, /\/image\/pullPolicy/],
  ['a security context', { securityContext: { readOnlyRootFileSystem: true } }, /'readOnlyRootFileSystem' not allowed/],
  ['a seccomp profile', { podSecurityContext: { seccompProfile: { typ: 'RuntimeDefault' } } }, /seccompProfile/],
  ['a probe', { probes: { liveness: { periodSecond: 1 } } }, /'periodSecond' not allowed/],
  ['a resource', { resources: { limit: {} } }, /'limit' not allowed/],
  ['a peer', { networkPolicy: { proxy: [{ podSelektor: {} }] } }, /\/networkPolicy\/proxy\/0/],
  ['a peer that is everybody', { networkPolicy: { proxy: [{}] } }, /\/networkPolicy\/proxy\/0/],
  ['a toleration', { tolerations: [{ effekt: 'NoSchedule' }] }, /\/tolerations\/0/],
  ['a spread', { topologySpreadConstraints: [{ maxSkew: 1 }] }, /\/topologySpreadConstraints\/0/],
  ['a variable', { extraEnv: [{ name: 'A', valeu: 'b' }] }, /\/extraEnv\/0/],
  ['a mount', { extraVolumeMounts: [{ name: 'a', path: '/b' }] }, /\/extraVolumeMounts\/0/],
  ['a gateway', { httpRoute: { parentRefs: [{ namespace: 'a' }] } }, /\/httpRoute\/parentRefs\/0/],
  ['an address family', { service: { ipFamilies: ['IPv5'] } }, /\/service\/ipFamilies\/0/],
  ['an annotation that is no text', { podAnnotations: { a: true } }, /\/podAnnotations\/a/],
  ['a label that pods are selected by', { podLabels: { 'app.kubernetes.io/name': 'a' } }, /app\.kubernetes\.io\/name/],
];

const sqlite = { config: { database: { provider: 'sqlite' } }, replicaCount: 1 };

/** What the schema cannot know. */
const contradictions: readonly [name: string, values: Record<string, unknown>, named: RegExp][] = [
  [
    'a connection string in clear',
    { config: { database: { mySqlConnectionString: `Server=db;Password=${secret}` } } },
    /config\.database\.mySqlConnectionString: is a secret .* secrets\.database__mySqlConnectionString/,
  ],
  ['a PIN in clear', { config: { rsaKey: { pkcs11LoginPin: secret } } }, /config\.rsaKey\.pkcs11LoginPin: is a secret/],
  [
    'a secret in a variable, in whatever spelling',
    { extraEnv: [{ name: 'KeyConnectorSettings:RSAKEY__vaulttoken', value: secret }] },
    /extraEnv\[0\]: KeyConnectorSettings:RSAKEY__vaulttoken is a secret/,
  ],
  [
    "a proxy's password in a variable",
    { extraEnv: [{ name: 'HTTPS_PROXY', value: `http://kc:${secret}@proxy:3128` }] },
    /extraEnv\[0\]: HTTPS_PROXY holds a password/,
  ],
  [
    'a Secret among further manifests',
    { extraManifests: [{ apiVersion: 'v1', kind: 'Secret', stringData: { a: secret } }] },
    /extraManifests\[0\]: is a Secret in clear/,
  ],
  [
    'a Secret among them as text',
    { extraManifests: [`apiVersion: v1\nkind: Secret\ndata:\n  a: ${secret}`] },
    /extraManifests\[0\]: is a Secret in clear/,
  ],
  [
    'a secret that is given twice',
    { config: { database: { postgreSqlConnectionString_FILE: '/mnt/database' } } },
    /secrets\.database__postgreSqlConnectionString: config\.database\.postgreSqlConnectionString_FILE gives the same/,
  ],
  ['SQLite without a volume', sqlite, /persistence\.enabled: must be true with SQLite/],
  ['SQLite with two pods', { ...sqlite, replicaCount: 2, persistence: { enabled: true } }, /replicaCount: must be 1/],
  [
    'SQLite that is autoscaled',
    { ...sqlite, persistence: { enabled: true }, autoscaling: { enabled: true } },
    /autoscaling\.enabled: must be false/,
  ],
  ['a volume for another database', { persistence: { enabled: true } }, /persistence\.enabled: is for SQLite/],
  [
    'a grace period that cuts requests off',
    { terminationGracePeriodSeconds: 24 },
    /terminationGracePeriodSeconds: .*\(25\)/,
  ],
  ['a port that nobody knows', { config: { http: { port: 0 } } }, /config\.http\.port: must not be 0/],
  [
    'a ServiceMonitor without metrics',
    { serviceMonitor: { enabled: true } },
    /serviceMonitor\.enabled: needs config\.metrics\.port/,
  ],
  ['fewest pods above most', { autoscaling: { enabled: true, minReplicas: 9 } }, /autoscaling\.minReplicas/],
  ['an Ingress without a host', { ingress: { enabled: true } }, /ingress\.hosts: is empty/],
  ['a route without a Gateway', { httpRoute: { enabled: true } }, /httpRoute\.parentRefs: is empty/],
  [
    'a NetworkPolicy that knows nobody',
    { networkPolicy: { enabled: true } },
    /networkPolicy\.proxy: .*\n.*networkPolicy\.database\.to: .*\n.*networkPolicy\.identityServer\.to: /,
  ],
  [
    'authorities from two places',
    { extraAuthorities: { configMap: 'a', secret: 'b' } },
    /extraAuthorities: give configMap or secret/,
  ],
  [
    'authorities that are given twice',
    { extraAuthorities: { configMap: 'a' }, config: { tls: { extraCaPath: '/b' } } },
    /extraAuthorities: tls\.extraCaPath is given too/,
  ],
];

describeIf(helm.installed, helm.reason, 'the chart refuses by name', () => {
  let cli: Helm;
  beforeAll(async () => {
    cli = await Helm.open();
  });
  afterAll(() => cli.close());

  test.each(typos)('a typo in %s', async (_, values, named) => {
    expect(await cli.refusal(valueSet('minimal'), values)).toMatch(named);
  });

  test.each(contradictions)('%s, and does not repeat a secret', async (_, values, named) => {
    const said = await cli.refusal(valueSet('minimal'), values);
    expect(said).toMatch(named);
    expect(said).not.toContain(secret);
  });

  test('values without what every deployment needs, all of it at once', async () => {
    expect(await cli.refusal()).toMatch(
      /config\.webVaultUri: is missing.*\n.*config\.identityServerUri: is missing.*\n.*config\.database\.provider: is missing/,
    );
  });
});
