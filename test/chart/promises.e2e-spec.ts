import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { Helm, helm, type Values } from '../lab/kubernetes/helm.js';
import {
  deploymentOf,
  type Manifest,
  only,
  podOf,
  type PodSpec,
  serviceOf,
  settingsFileOf,
} from '../lab/kubernetes/manifests.js';
import { describeIf } from '../lab/skip/skip.js';
import { valueSet } from './value-sets.js';

interface Service {
  readonly ipFamilyPolicy: string;
  readonly ipFamilies?: readonly string[];
  readonly ports: readonly { readonly name: string; readonly port: number; readonly appProtocol?: string }[];
  readonly selector: Readonly<Record<string, string>>;
}

interface Policy {
  readonly policyTypes: readonly string[];
  readonly ingress: readonly {
    readonly from: readonly unknown[];
    readonly ports: readonly { readonly port: unknown }[];
  }[];
  readonly egress: readonly {
    readonly to: readonly unknown[];
    readonly ports: readonly { readonly port: unknown }[];
  }[];
}

describeIf(helm.installed, helm.reason, 'the chart', () => {
  let cli: Helm;
  beforeAll(async () => {
    cli = await Helm.open();
  });
  afterAll(() => cli.close());

  const set = (name: string, ...more: Values[]): Promise<Manifest[]> => cli.render([valueSet(name), ...more]);
  const settingsOf = (manifests: readonly Manifest[]): unknown =>
    (parse(settingsFileOf(manifests)) as { keyConnectorSettings: unknown }).keyConnectorSettings;

  test('names and labels everything by the conventions of Helm', async () => {
    const manifests = await set('production');
    for (const { metadata } of manifests) {
      expect(metadata.name).toMatch(/^key-connector(-metrics|-test)?$/);
      expect(metadata.labels).toMatchObject({
        'app.kubernetes.io/name': 'key-connector',
        'app.kubernetes.io/instance': 'key-connector',
        'app.kubernetes.io/managed-by': 'Helm',
        'app.kubernetes.io/version': expect.stringMatching(/^\d+\.\d+\.\d+$/),
        'helm.sh/chart': expect.stringMatching(/^key-connector-\d/),
        team: 'identity',
      });
    }
    const other = await cli.render(valueSet('minimal'), { release: 'vault' });
    expect(only(other, 'Deployment').metadata.name).toBe('vault-key-connector');
  });

  test('selects the pods of the service alone, by labels that no value and no version changes', async () => {
    const manifests = await set('production');
    const { selector, template } = deploymentOf(manifests);
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    expect((only(manifests, 'Service', 'tor').spec as Service).selector).toEqual(selector.matchLabels);
    expect(only(manifests, 'PodDisruptionBudget').spec).toHaveProperty('selector.matchLabels', selector.matchLabels);
    expect(only(manifests, 'NetworkPolicy').spec).toHaveProperty('podSelector.matchLabels', selector.matchLabels);
    expect(only(manifests, 'Pod').metadata.labels).not.toMatchObject(selector.matchLabels);
    expect(Object.keys(template.metadata.labels)).not.toContain('app.kubernetes.io/version');
  });

  test('takes an image by tag, by digest, and by both', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const imageWith = async (image: Record<string, string>): Promise<string> =>
      serviceOf(await set('minimal', { image: { repository: 'r', ...image } })).image;
    expect(await imageWith({})).toMatch(/^r:\d+\.\d+\.\d+$/);
    expect(await imageWith({ tag: 'edge' })).toBe('r:edge');
    expect(await imageWith({ digest })).toBe(`r@${digest}`);
    expect(await imageWith({ tag: 'edge', digest })).toBe(`r:edge@${digest}`);
  });

  test('mounts secrets as files of their Secrets, in a folder that follows when they change', async () => {
    const manifests = await set('minimal');
    const mount = serviceOf(manifests).volumeMounts?.find(({ name }) => name === 'secrets');
    expect(mount).toEqual({ name: 'secrets', mountPath: '/run/secrets/key-connector', readOnly: true });
    const volume = podOf(manifests).volumes?.find(({ name }) => name === 'secrets');
    expect(volume).toHaveProperty('projected.defaultMode', 0o440);
    expect(volume).toHaveProperty('projected.sources.0.secret', {
      name: 'key-connector',
      items: [{ key: 'certificate-password', path: 'certificate__filesystemPassword' }],
    });
    expect(settingsOf(manifests)).toMatchObject({
      certificate: {
        filesystemPath: '/run/secrets/key-connector/certificate__filesystemPath',
        filesystemPassword_FILE: '/run/secrets/key-connector/certificate__filesystemPassword',
      },
    });
  });

  test('trusts the authorities of a ConfigMap or a Secret', async () => {
    for (const [kind, name] of [
      ['configMap', 'name'],
      ['secret', 'secretName'],
    ] as const) {
      const manifests = await set('minimal', { extraAuthorities: { [kind]: 'company' } });
      expect(settingsOf(manifests)).toMatchObject({ tls: { extraCaPath: '/run/key-connector/authorities' } });
      expect(podOf(manifests).volumes?.at(-1)).toHaveProperty(`${kind}.${name}`, 'company');
      expect(serviceOf(manifests).volumeMounts?.at(-1)?.mountPath).toBe('/run/key-connector/authorities');
    }
  });

  test('replaces pods when their settings change, and not when the chart does', async () => {
    const checksum = async (...more: Values[]): Promise<string | undefined> =>
      deploymentOf(await set('minimal', ...more)).template.metadata.annotations['checksum/config'];
    const before = await checksum();
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(await checksum({ config: { log: { level: 'debug' } } })).not.toBe(before);
    expect(await checksum({ commonLabels: { team: 'b' } })).toBe(before);
    expect(only(await set('production'), 'Deployment').metadata.annotations).toEqual({
      'reloader.stakater.com/auto': 'true',
    });
  });

  test('leaves user and groups to OpenShift, when told and where the cluster is one', async () => {
    const ids = ({ securityContext = {} }: PodSpec): string[] =>
      Object.keys(securityContext).filter((name) => /^(runAs(User|Group)|fsGroup)$/.test(name));
    const told = await set('openshift');
    expect([...ids(podOf(told)), ...ids(only(told, 'Pod').spec as PodSpec)]).toEqual([]);
    expect(podOf(told).securityContext).toMatchObject({ runAsNonRoot: true });
    const apis = ['security.openshift.io/v1'];
    expect(ids(podOf(await cli.render(valueSet('minimal'), { apis })))).toEqual([]);
    const never = { adaptToOpenShift: 'never' };
    expect(ids(podOf(await cli.render([valueSet('minimal'), never], { apis })))).toHaveLength(3);
    expect(podOf(await set('minimal')).securityContext).toMatchObject({ runAsUser: 65_532, fsGroup: 65_532 });
  });

  test('has a liveness probe that asks for nothing outside, and a readiness probe that does', async () => {
    const { startupProbe, livenessProbe, readinessProbe } = serviceOf(await set('minimal'));
    expect(startupProbe?.httpGet).toEqual({ path: '/health/live', port: 'http' });
    expect(livenessProbe?.httpGet).toEqual({ path: '/health/live', port: 'http' });
    expect(readinessProbe?.httpGet).toEqual({ path: '/health/ready', port: 'http' });
    const metrics = serviceOf(await set('production'));
    expect(metrics.livenessProbe?.httpGet).toEqual({ path: '/health/live', port: 'metrics' });
    const https = serviceOf(await set('ipv6'));
    expect(https.livenessProbe?.httpGet).toEqual({ path: '/health/live', port: 'http', scheme: 'HTTPS' });
  });

  test('has a budget that blocks no drain: one pod at a time, and one that is not ready always', async () => {
    for (const name of ['minimal', 'sqlite', 'autoscaled']) {
      expect(only(await set(name), 'PodDisruptionBudget').spec).toMatchObject({
        maxUnavailable: 1,
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
      });
    }
  });

  test('says how many pods there are where no autoscaler does, and only there', async () => {
    expect(deploymentOf(await set('minimal')).replicas).toBe(2);
    const autoscaled = await set('autoscaled');
    expect(Object.keys(deploymentOf(autoscaled))).not.toContain('replicas');
    expect(only(autoscaled, 'HorizontalPodAutoscaler').spec).toMatchObject({
      minReplicas: 3,
      maxReplicas: 12,
      scaleTargetRef: { kind: 'Deployment', name: 'key-connector' },
      behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
    });
    const many = await set('minimal', { replicaCount: 0 });
    expect(deploymentOf(many).replicas).toBe(0);
  });

  test('never has fewer pods than asked for while it replaces them', async () => {
    expect(deploymentOf(await set('minimal')).strategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
    });
  });

  test('allows for the time in which requests are answered at the end', async () => {
    expect(podOf(await set('minimal')).terminationGracePeriodSeconds).toBe(30);
    expect(podOf(await set('autoscaled')).terminationGracePeriodSeconds).toBe(50);
    expect(
      podOf(await set('minimal', { config: { http: { drainDelaySeconds: 0 } } })).terminationGracePeriodSeconds,
    ).toBe(25);
    expect(podOf(await set('minimal', { terminationGracePeriodSeconds: 90 })).terminationGracePeriodSeconds).toBe(90);
  });

  test('gives the pod 100 MB beside the heap that Node is bound to', async () => {
    const { env, resources } = serviceOf(await set('minimal'));
    const options = env?.find(({ name }) => name === 'NODE_OPTIONS')?.value ?? '';
    const heap = Number(/--max-old-space-size=(\d+)/.exec(options)?.[1]);
    expect(Number.parseInt(resources?.limits?.['memory'] ?? '', 10)).toBeGreaterThanOrEqual(heap + 100);
    expect(resources?.limits).not.toHaveProperty('cpu');
  });

  test('gives pods no token of the Kubernetes API, unless it is asked to', async () => {
    const plain = await set('minimal');
    const { automountServiceAccountToken, enableServiceLinks } = podOf(plain);
    expect({ automountServiceAccountToken, enableServiceLinks }).toEqual({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
    });
    expect(only(plain, 'ServiceAccount').automountServiceAccountToken).toBe(false);
    expect(podOf(await set('ipv6')).automountServiceAccountToken).toBe(true);
    const given = await set('minimal', { serviceAccount: { create: false, name: 'mine' } });
    expect(podOf(given).serviceAccountName).toBe('mine');
    expect(given.filter(({ kind }) => kind === 'ServiceAccount')).toEqual([]);
  });

  test('takes the identity of each cloud', async () => {
    const annotations = async (name: string): Promise<unknown> =>
      only(await set(name), 'ServiceAccount').metadata.annotations;
    expect(await annotations('aws')).toHaveProperty(['eks.amazonaws.com/role-arn']);
    expect(await annotations('azure')).toHaveProperty(['azure.workload.identity/client-id']);
    expect(await annotations('google')).toHaveProperty(['iam.gke.io/gcp-service-account']);
    const { metadata } = deploymentOf(await set('azure')).template;
    expect(metadata.labels).toHaveProperty(['azure.workload.identity/use'], 'true');
  });

  test('takes secrets from CSI, and objects of others, rendered as templates', async () => {
    const azure = await set('azure');
    expect(podOf(azure).volumes).toContainEqual(expect.objectContaining({ name: 'from-key-vault' }));
    expect(settingsOf(azure)).toHaveProperty('database.mySqlConnectionString_FILE', '/mnt/secrets/database');
    const external = only(await set('google'), 'ExternalSecret');
    expect(external.metadata.labels).toHaveProperty(['app.kubernetes.io/instance'], 'key-connector');
  });

  test('takes further containers, variables, volumes and mounts', async () => {
    const more = {
      extraContainers: [{ name: 'agent', image: 'agent' }],
      extraEnv: [{ name: 'A', value: 'b' }],
      extraEnvFrom: [{ configMapRef: { name: 'c' } }],
      extraVolumes: [{ name: 'd', emptyDir: {} }],
      extraVolumeMounts: [{ name: 'd', mountPath: '/d' }],
    };
    const manifests = await set('google', more);
    expect(podOf(manifests).containers.map(({ name }) => name)).toEqual(['key-connector', 'agent']);
    expect(podOf(manifests).initContainers?.map(({ name }) => name)).toEqual(['cloud-sql-proxy']);
    expect(podOf(manifests).volumes).toContainEqual({ name: 'd', emptyDir: {} });
    expect(serviceOf(manifests)).toMatchObject({
      env: [{ name: 'NODE_OPTIONS' }, { name: 'A', value: 'b' }],
      envFrom: [{ configMapRef: { name: 'c' } }],
    });
    expect(serviceOf(manifests).volumeMounts).toContainEqual({ name: 'd', mountPath: '/d' });
  });

  test('places pods as it is told, and spreads them over nodes and zones by itself', async () => {
    const manifests = await set('production');
    expect(podOf(manifests)).toMatchObject({
      priorityClassName: 'members-wait-for-it',
      tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'identity', effect: 'NoSchedule' }],
      affinity: { nodeAffinity: {} },
      imagePullSecrets: [{ name: 'registry' }],
    });
    const { matchLabels } = deploymentOf(manifests).selector;
    expect(podOf(manifests).topologySpreadConstraints).toEqual(
      ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels },
      })),
    );
  });

  test('serves on IPv6 alone, on both families, and on whatever the cluster has', async () => {
    const service = async (name: string): Promise<Service> => only(await set(name), 'Service').spec as Service;
    expect(await service('ipv6')).toMatchObject({ ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'] });
    expect(await service('autoscaled')).toMatchObject({
      ipFamilyPolicy: 'RequireDualStack',
      ipFamilies: ['IPv6', 'IPv4'],
    });
    expect(await service('minimal')).toMatchObject({ ipFamilyPolicy: 'PreferDualStack' });
    expect(await service('minimal')).not.toHaveProperty('ipFamilies');
    // The service listens on every address unless a setting says otherwise.
    expect(settingsOf(await set('ipv6'))).not.toHaveProperty('http.host');
    expect((await service('ipv6')).ports).toEqual([
      { name: 'http', port: 443, targetPort: 'http', protocol: 'TCP', appProtocol: 'https' },
    ]);
  });

  test('is reached by an Ingress, or by a route of the Gateway API', async () => {
    const ingress = only(await set('production'), 'Ingress');
    expect(ingress.metadata.annotations).toEqual({ 'cert-manager.io/cluster-issuer': 'company' });
    expect(ingress.spec).toMatchObject({
      ingressClassName: 'nginx',
      tls: [{ secretName: 'keys-example-com', hosts: ['keys.example.com'] }],
      rules: [{ host: 'keys.example.com', http: { paths: [{ path: '/key-connector', pathType: 'Prefix' }] } }],
    });
    expect(only(await set('autoscaled'), 'HTTPRoute').spec).toMatchObject({
      parentRefs: [{ name: 'public', namespace: 'gateways', sectionName: 'https' }],
      hostnames: ['keys.example.com'],
      rules: [{ matches: [{ path: { value: '/' } }], backendRefs: [{ name: 'key-connector', port: 80 }] }],
    });
  });

  test('lets in the proxy and the scraper, and out to what the service asks', async () => {
    const { policyTypes, ingress, egress } = only(await set('production'), 'NetworkPolicy').spec as Policy;
    expect(policyTypes).toEqual(['Ingress', 'Egress']);
    expect(ingress.map(({ from: [first], ports: [{ port } = { port: '' }] }) => [first, port])).toEqual([
      [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } }, 'http'],
      [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }, 'metrics'],
    ]);
    // The pod of `helm test`.
    expect(ingress[0]?.from[1]).toHaveProperty(['podSelector', 'matchLabels', 'app.kubernetes.io/component'], 'test');
    const portsOut = egress.map(({ ports }) => ports.map(({ port }) => port));
    expect(portsOut).toEqual([[53, 53], [5432], [443]]);
    const vault = only(await set('ipv6'), 'NetworkPolicy').spec as Policy;
    expect(vault.egress.map(({ ports }) => ports.at(-1)?.port)).toEqual([53, 5432, 443, 8200]);
    for (const rule of [...ingress, ...egress, ...vault.ingress, ...vault.egress]) {
      expect(('from' in rule ? rule.from : rule.to).length).toBeGreaterThan(0);
    }
  });

  test('serves metrics on a Service of their own, to be scraped and not to be published', async () => {
    const manifests = await set('production');
    expect((only(manifests, 'Service', 'tor').spec as Service).ports.map(({ name }) => name)).toEqual(['http']);
    expect((only(manifests, 'Service', '-metrics').spec as Service).ports).toMatchObject([
      { name: 'metrics', port: 9464 },
    ]);
    expect(settingsOf(manifests)).toMatchObject({ metrics: { host: '*', port: 9464 } });
    const { spec, metadata } = only(manifests, 'ServiceMonitor');
    expect(metadata.labels).toHaveProperty('release', 'prometheus');
    const { selector } = spec as { selector: { matchLabels: Record<string, string> } };
    expect(only(manifests, 'Service', '-metrics').metadata.labels).toMatchObject(selector.matchLabels);
    expect(only(manifests, 'Service', 'tor').metadata.labels).not.toMatchObject(selector.matchLabels);
  });

  test('keeps metrics inside of the pod when a setting says so, and probes the port that is left', async () => {
    const manifests = await set('minimal', { config: { metrics: { port: 9464, host: '127.0.0.1' } } });
    expect(manifests.filter(({ kind }) => kind === 'Service')).toHaveLength(1);
    expect(serviceOf(manifests).ports).toEqual([{ name: 'http', containerPort: 5000, protocol: 'TCP' }]);
    expect(serviceOf(manifests).livenessProbe?.httpGet.port).toBe('http');
  });

  test('has a volume for SQLite alone, which outlives the release, and one pod at a time', async () => {
    const manifests = await set('sqlite');
    const claim = only(manifests, 'PersistentVolumeClaim');
    expect(claim.metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
    expect(claim.spec).toMatchObject({ accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } });
    const { replicas, strategy } = deploymentOf(manifests);
    expect([replicas, strategy]).toEqual([1, { type: 'Recreate' }]);
    expect(settingsOf(manifests)).toMatchObject({
      database: { sqliteConnectionString: 'Data Source=/var/lib/key-connector/keys.db' },
    });
    expect(serviceOf(manifests).volumeMounts).toContainEqual({ name: 'data', mountPath: '/var/lib/key-connector' });
    for (const name of ['minimal', 'production', 'autoscaled']) {
      expect((await set(name)).filter(({ kind }) => kind === 'PersistentVolumeClaim')).toEqual([]);
    }
  });

  test('is tested by a pod that is no Secret reader, and asks the Service', async () => {
    const { containers, automountServiceAccountToken, volumes } = only(await set('ipv6'), 'Pod').spec as PodSpec;
    expect([automountServiceAccountToken, volumes]).toEqual([false, undefined]);
    expect(JSON.stringify(containers)).toContain('https://key-connector:443');
    expect((await set('minimal', { tests: { enabled: false } })).filter(({ kind }) => kind === 'Pod')).toEqual([]);
  });
});
