import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { makeKeyCertificate } from '../lab/files/certificate.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { clusterEnvironment, kubectl } from '../lab/kubernetes/cluster/kubectl.js';
import { node } from '../lab/kubernetes/cluster/places.js';
import { chart } from '../lab/kubernetes/helm.js';
import { type HttpAnswer, httpCall, statusOf } from '../lab/network/http-call.js';
import { run } from '../lab/processes/child-process.js';
import { until } from '../lab/processes/until.js';

/** The PostgreSQL that the guide starts. */
const databaseManifest = resolve(import.meta.dirname, '../../config/kubernetes/postgresql.yaml');

/** The chart's values, as a tree. */
export type ChartValues = Readonly<Record<string, unknown>>;

const release = 'key-connector';

/**
 * The chart in a namespace of its own that enforces `restricted`, with a PostgreSQL and an issuer that its pods reach.
 */
export class Installation {
  private constructor(
    readonly namespace: string,
    readonly issuer: IssuerServer,
    /** Files of the test's own; `secrets/` holds what the Secret was made of. */
    readonly folder: TempFolder,
    readonly databasePassword: string,
  ) {}

  /** Makes the namespace with everything that the release needs, and no release. */
  static async prepare(namespace: string): Promise<Installation> {
    await kubectl.run('create', 'namespace', namespace);
    await kubectl.run('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted');
    await giveVolume(namespace);
    const folder = await tempFolder('installation');
    const password = randomBytes(16).toString('hex');
    const secrets = join(folder.path, 'secrets');
    await mkdir(secrets);
    const certificate = await makeKeyCertificate(secrets);
    await writeFile(join(secrets, 'certificate-password'), certificate.password);
    await writeFile(join(secrets, 'database-password'), password);
    await writeFile(join(secrets, 'database'), connectionString(password));
    const issuer = await startIssuer({ host: node.ipv4 });
    const installation = new Installation(namespace, issuer, folder, password);
    await installation.kubectl('create', 'secret', 'generic', 'key-connector', `--from-file=${secrets}`);
    await kubectl.apply(await readFile(databaseManifest, 'utf8'), '--namespace', namespace);
    await installation.kubectl('rollout', 'status', 'statefulset/database', '--timeout=120s');
    return installation;
  }

  /** The least that a release needs here. */
  get values(): Record<string, unknown> {
    return {
      image: { repository: 'registry.example.com/key-connector' },
      config: {
        webVaultUri: 'https://vault.example.com',
        identityServerUri: this.issuer.uri,
        database: { provider: 'postgresql' },
      },
      secrets: {
        database__postgreSqlConnectionString: { name: 'key-connector', key: 'database' },
        certificate__filesystemPath: { name: 'key-connector', key: 'bwkc.pfx' },
        certificate__filesystemPassword: { name: 'key-connector', key: 'certificate-password' },
      },
    };
  }

  /** The address of the Service, by the name that other pods use. */
  get host(): string {
    return `${release}.${this.namespace}.svc.cluster.local`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  /** Installs the release, or upgrades it, and waits until it is there. */
  async install(...values: readonly ChartValues[]): Promise<void> {
    const files = values.map((_, index) => join(this.folder.path, `values-${index}.yaml`));
    for (const [index, file] of files.entries()) await writeFile(file, stringify(values[index], { version: '1.1' }));
    await this.helm('upgrade', '--install', release, chart, ...files.flatMap((file) => ['--values', file]), '--wait');
    // A Service that is new is known to the node a moment after its pods are ready.
    const ask = (scheme: string): Promise<number | undefined> => statusOf(`${scheme}://${this.host}/health`);
    await until(async () => [await ask('http'), await ask('https')].includes(200), 'the Service leads to the pods');
  }

  helm(...args: readonly string[]): Promise<string> {
    const env = clusterEnvironment(this.folder.path);
    return run('helm', [...args, '--namespace', this.namespace], { env });
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return kubectl.run('--namespace', this.namespace, ...args);
  }

  /** The release's pods, each with whether it is ready; without those that are about to end, unless told otherwise. */
  async pods(ending = false): Promise<readonly { readonly name: string; readonly ready: boolean }[]> {
    const selector = 'app.kubernetes.io/component=service';
    const { items } = await kubectl.get<{ items: readonly PodState[] }>(
      ...['pods', '--namespace', this.namespace, '--selector', selector],
    );
    return items
      .filter(({ metadata }) => ending || metadata.deletionTimestamp === undefined)
      .map(({ metadata: { name }, status: { conditions = [] } }) => ({
        name,
        ready: conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
      }));
  }

  /** Gives a Secret another content, as an operator or a controller does; what it does not name stays. */
  async change(secret: string, stringData: Readonly<Record<string, string>>): Promise<void> {
    await this.kubectl('patch', 'secret', secret, '--patch', JSON.stringify({ stringData }));
  }

  /** A request for a member's key, through the Service. */
  call(method: string, member: string, key?: string): Promise<HttpAnswer> {
    const authorization = `Bearer ${this.issuer.token({ claims: { sub: member } })}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const body = key === undefined ? {} : { body: JSON.stringify({ key }) };
    return httpCall(`${this.url}/user-keys`, { method, headers, ...body });
  }

  /** Stores a new member's key, and gives both. */
  async enrol(): Promise<{ readonly member: string; readonly key: string }> {
    const [member, key] = [randomUUID(), randomBytes(32).toString('base64')];
    const { status, body } = await this.call('POST', member, key);
    if (status !== 200) throw new Error(`POST /user-keys was answered ${status}: ${body}`);
    return { member, key };
  }

  async remove(): Promise<void> {
    await this.issuer.stop();
    await this.folder.remove();
    await kubectl.run('delete', 'namespace', this.namespace, '--wait=false');
  }
}

interface PodState {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export const connectionString = (password: string): string =>
  `Host=database;Database=keys;Username=key_connector;Password=${password}`;

/** Every object in a namespace but for what the cluster writes there by itself. */
export async function objectsIn(namespace: string): Promise<readonly string[]> {
  const kinds = await kubectl.run('api-resources', '--namespaced', '--verbs=list', '--output=name');
  const lasting = kinds.split('\n').filter((kind) => kind !== '' && !/^(events|endpoints)|metrics\.k8s\.io/.test(kind));
  const asked = ['get', lasting.join(','), '--ignore-not-found', '--output=name'];
  const listed = await kubectl.run('--namespace', namespace, ...asked);
  return listed
    .split('\n')
    .filter((name) => name !== '')
    .sort();
}

/** A volume of the node for the claim of the database: there is nothing here that would make one. */
export async function giveVolume(namespace: string): Promise<void> {
  const path = `/run/key-connector-cluster/volumes/${namespace}`;
  await mkdir(path, { recursive: true });
  const here = { key: 'kubernetes.io/hostname', operator: 'In', values: [node.name] };
  await kubectl.apply([
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: namespace },
      spec: {
        capacity: { storage: '2Gi' },
        accessModes: ['ReadWriteOnce'],
        claimRef: { namespace, name: 'data-database-0' },
        local: { path },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [here] }] } },
      },
    },
  ]);
}
