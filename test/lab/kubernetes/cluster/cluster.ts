import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { containers } from '../../containers/engine.ts';
import { httpCall } from '../../network/http-call.ts';
import { installedTool } from '../../packages/tools.ts';
import { Child, run } from '../../processes/child-process.ts';
import { until } from '../../processes/until.ts';
import { configurationFiles, kernelSettings, token } from './configuration.ts';
import { kubectl } from './kubectl.ts';
import { inOwnMachine, podsCgroup, whyNotHere } from './own-machine.ts';
import { home, kubeconfig, node, ranges } from './places.ts';

const programs = installedTool('cluster-programs');
const debian = installedTool('cluster-debian');

const missing = [containers, installedTool('helm'), debian, programs].find(({ installed }) => !installed);
/** Whether this process can have a cluster, or why not; for `describeIf`. */
export const clusters = { installed: missing === undefined && inOwnMachine, reason: missing?.reason ?? whyNotHere() };

/** A Kubernetes of one node, as a distribution puts one together: nothing in it is a double. */
export class Cluster {
  private readonly children: Child[] = [];

  /** Starts it, and waits until its node takes pods. The machine's end ends it too. */
  static async start(): Promise<Cluster> {
    const cluster = new Cluster();
    await writeConfiguration();
    await cluster.startControlPlane();
    cluster.startNode();
    const ready = ['wait', '--for=condition=Ready', `node/${node.name}`, '--timeout=1s'];
    await cluster.until(() => kubectl.succeeds(...ready), 'the node is ready');
    return cluster;
  }

  /** Waits for a condition, while none of the programs ends. */
  private async until(holds: () => Promise<boolean>, what: string): Promise<void> {
    const ended = (): Child | undefined => this.children.find(({ running }) => !running);
    const said = (): string => this.children.map(({ output }) => output.slice(-2_000)).join('\n---\n');
    await until(
      async () => ended() !== undefined || (await holds()),
      () => `${what}. ${said()}`,
      120_000,
      200,
    );
    if (ended() !== undefined) throw new Error(`A program ended before: ${what}. It said:\n${ended()?.output ?? ''}`);
  }

  private async startControlPlane(): Promise<void> {
    this.launch('etcd', debian.file('usr/bin/etcd'), [
      `--data-dir=${home}/etcd`,
      '--listen-client-urls=http://127.0.0.1:2379',
      '--advertise-client-urls=http://127.0.0.1:2379',
      '--listen-peer-urls=http://127.0.0.1:2380',
      '--unsafe-no-fsync',
    ]);
    this.launch('containerd', programs.file('containerd'), [`--config=${home}/containerd.toml`]);
    this.launch('apiserver', programs.file('kube-apiserver'), [
      '--etcd-servers=http://127.0.0.1:2379',
      `--cert-dir=${home}/apiserver`,
      `--advertise-address=${node.ipv4}`,
      `--service-cluster-ip-range=${ranges.services.ipv4},${ranges.services.ipv6}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${home}/service-accounts.key`,
      `--service-account-signing-key-file=${home}/service-accounts.key`,
      `--token-auth-file=${home}/tokens.csv`,
      '--authorization-mode=Node,RBAC',
      '--allow-privileged=true',
      '--kubelet-preferred-address-types=InternalIP',
      ...aggregation,
    ]);
    await this.until(answers, 'the API server is ready');
    this.launch('controllers', programs.file('kube-controller-manager'), [
      `--kubeconfig=${kubeconfig}`,
      `--service-account-private-key-file=${home}/service-accounts.key`,
      '--use-service-account-credentials=true',
      '--leader-elect=false',
      `--root-ca-file=${home}/apiserver/apiserver.crt`,
      `--cluster-cidr=${ranges.pods.ipv4},${ranges.pods.ipv6}`,
      // So that a test of scaling takes seconds.
      '--horizontal-pod-autoscaler-sync-period=5s',
      '--horizontal-pod-autoscaler-cpu-initialization-period=10s',
      '--horizontal-pod-autoscaler-initial-readiness-delay=5s',
    ]);
    this.launch('scheduler', programs.file('kube-scheduler'), [`--kubeconfig=${kubeconfig}`, '--leader-elect=false']);
  }

  private startNode(): void {
    this.launch('kubelet', programs.file('kubelet'), [
      `--config=${home}/kubelet.json`,
      `--kubeconfig=${kubeconfig}`,
      `--root-dir=${home}/kubelet`,
      `--cert-dir=${home}/kubelet-certificates`,
      `--hostname-override=${node.name}`,
      `--node-ip=${node.ipv4},${node.ipv6}`,
    ]);
    this.launch('proxy', programs.file('kube-proxy'), [`--config=${home}/kube-proxy.json`]);
    this.launch('names', programs.file('coredns'), ['-conf', `${home}/Corefile`]);
  }

  private launch(name: string, program: string, args: readonly string[]): void {
    // containerd looks for its shim in PATH.
    const env = { ...process.env, PATH: `${programs.file('')}:${process.env['PATH'] ?? ''}` };
    this.children.push(new Child(program, args, { env, logFile: `${home}/logs/${name}.log` }));
  }
}

/** By which the API server hands questions for metrics to metrics-server, and proves who asks. */
const aggregation = [
  `--requestheader-client-ca-file=${home}/aggregation.crt`,
  `--proxy-client-cert-file=${home}/aggregation.crt`,
  `--proxy-client-key-file=${home}/aggregation.key`,
  '--requestheader-username-headers=X-Remote-User',
  '--requestheader-group-headers=X-Remote-Group',
  '--requestheader-extra-headers-prefix=X-Remote-Extra-',
  '--enable-aggregator-routing=true',
];

async function writeConfiguration(): Promise<void> {
  const files = configurationFiles({ plugins: debian.file('usr/lib/cni'), cgroup: podsCgroup() });
  const shown = Object.entries(kernelSettings).map(([name, value]) => [`kernel/${name}`, `${value}\n`]);
  for (const [name = '', text = ''] of [...Object.entries(files), ...shown]) {
    await mkdir(dirname(join(home, name)), { recursive: true });
    await writeFile(join(home, name), text);
  }
  await mkdir(join(home, 'logs'));
  for (const name of Object.keys(kernelSettings))
    await run('mount', ['--bind', `${home}/kernel/${name}`, `/proc/sys/${name}`]);
  await run('openssl', ['genrsa', '-out', `${home}/service-accounts.key`, '2048']);
  const pair = ['-keyout', `${home}/aggregation.key`, '-out', `${home}/aggregation.crt`];
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    '/CN=aggregator',
    '-days',
    '30',
    ...pair,
  ]);
}

function answers(): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}` };
  return httpCall('https://127.0.0.1:6443/readyz', { headers, ca: false, timeoutMs: 2_000 }).then(
    ({ status }) => status === 200,
    () => false,
  );
}
