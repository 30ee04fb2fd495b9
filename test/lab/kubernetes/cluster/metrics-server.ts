import { installedTool } from '../../packages/tools.ts';
import { Child } from '../../processes/child-process.ts';
import { kubectl } from './kubectl.ts';
import { home, kubeconfig, node } from './places.ts';

const port = 4443;

/** Starts what tells an autoscaler how busy pods are, beside the node's other programs, and waits until it answers. */
export async function startMetricsServer(): Promise<Child> {
  const server = new Child(
    installedTool('cluster-programs').file('metrics-server'),
    [
      ...['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map(
        (name) => `--${name}=${kubeconfig}`,
      ),
      `--cert-dir=${home}/metrics-server`,
      `--secure-port=${port}`,
      '--kubelet-insecure-tls',
      '--kubelet-preferred-address-types=InternalIP',
      '--metric-resolution=10s',
      '--kubelet-request-timeout=5s',
    ],
    { logFile: `${home}/logs/metrics-server.log` },
  );
  await kubectl.apply(registration);
  await server.until(() => kubectl.succeeds('top', 'nodes'), 'there are metrics of the node', 90_000, 500);
  return server;
}

const name = 'metrics-server';
const metadata = { name, namespace: 'kube-system' };

/** By which the API server finds it: a Service without pods, since it is none. */
const registration = [
  { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 443, targetPort: port }] } },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [node.ipv4] }],
    ports: [{ port }],
  },
  {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1beta1.metrics.k8s.io' },
    spec: {
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      service: metadata,
      insecureSkipTLSVerify: true,
      groupPriorityMinimum: 100,
      versionPriority: 100,
    },
  },
];
