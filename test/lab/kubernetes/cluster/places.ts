/**
 * Where the cluster has its things. All of it is seen by its own machine alone (own-machine.ts): two clusters on one
 * computer have the same places and never meet.
 */

/** A folder in memory: configuration, logs, the data of etcd, images and containers. */
export const home = '/run/key-connector-cluster';

/** The node as pods reach it, and what listens on it. */
export const node = { name: 'lab', ipv4: '10.99.0.1', ipv6: 'fd00:99::1' } as const;

/** Addresses of pods and Services, of both families. */
export const ranges = {
  pods: { ipv4: '10.244.0.0/24', ipv6: 'fd00:244::/64' },
  services: { ipv4: '10.96.0.0/16', ipv6: 'fd00:96::/112' },
} as const;

/** What kubectl and Helm read. */
export const kubeconfig = `${home}/kubeconfig`;
