/** What the programs of the cluster are told, as files. */
import { home, kubeconfig, node, ranges } from './places.ts';

/** Who may do everything: only this machine's own processes reach the API. */
export const token = 'lab-token';

/** The node's image that does nothing, which holds a pod's network. */
export const pauseImage = 'localhost/pause:1';

interface Places {
  /** The folder of the network's plugins. */
  readonly plugins: string;
  readonly cgroup: string;
}

/** The files, by name below the cluster's folder. */
export function configurationFiles({ plugins, cgroup }: Places): Record<string, string> {
  return {
    'tokens.csv': `${token},admin,admin,"system:masters"\n`,
    kubeconfig: json({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'lab', cluster: { server: 'https://127.0.0.1:6443', 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'admin', user: { token } }],
      contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'admin' } }],
      'current-context': 'lab',
    }),
    'kubelet.json': json({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      failCgroupV1: false,
      cgroupDriver: 'cgroupfs',
      cgroupRoot: `/${cgroup}`,
      containerRuntimeEndpoint: `unix://${home}/containerd.sock`,
      failSwapOn: false,
      enforceNodeAllocatable: [],
      resolvConf: '',
      clusterDNS: [node.ipv4],
      clusterDomain: 'cluster.local',
      authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
      authorization: { mode: 'AlwaysAllow' },
      evictionHard: {
        'nodefs.available': '0%',
        'nodefs.inodesFree': '0%',
        'imagefs.available': '0%',
        'memory.available': '100Mi',
      },
      volumePluginDir: `${home}/volume-plugins`,
      imageGCHighThresholdPercent: 100,
      imageGCLowThresholdPercent: 99,
      // A changed Secret is in the pods after seconds, not after a minute.
      syncFrequency: '5s',
      configMapAndSecretChangeDetectionStrategy: 'Watch',
    }),
    'kube-proxy.json': json({
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      clientConnection: { kubeconfig },
      mode: 'iptables',
      clusterCIDR: `${ranges.pods.ipv4},${ranges.pods.ipv6}`,
      hostnameOverride: node.name,
      conntrack: { maxPerCore: 0 },
    }),
    'cni/10-bridge.conflist': json({
      cniVersion: '1.0.0',
      name: 'lab',
      plugins: [
        {
          type: 'bridge',
          bridge: 'pods',
          isGateway: true,
          ipMasq: false,
          hairpinMode: true,
          ipam: {
            type: 'host-local',
            dataDir: `${home}/cni-addresses`,
            ranges: [[{ subnet: ranges.pods.ipv4 }], [{ subnet: ranges.pods.ipv6 }]],
            routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
          },
        },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
    }),
    'containerd.toml': `
version = 3
root = "${home}/containerd/root"
state = "${home}/containerd/state"
[grpc]
  address = "${home}/containerd.sock"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["${plugins}"]
    conf_dir = "${home}/cni"
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      SystemdCgroup = false
      BinaryName = "/usr/sbin/runc"
[plugins.'io.containerd.internal.v1.opt']
  path = "${home}/containerd/opt"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "${pauseImage}"
`,
    Corefile: `.:53 {
  bind ${node.ipv4}
  errors
  kubernetes cluster.local {
    kubeconfig ${kubeconfig} lab
  }
}
`,
  };
}

const json = (value: unknown): string => JSON.stringify(value, undefined, 2);

/**
 * What the kubelet sets for the whole computer, and is only shown here: by a file of its own in place of the kernel's,
 * it finds what it wants and leaves the computer as it is.
 */
export const kernelSettings = {
  'vm/overcommit_memory': '1',
  'vm/panic_on_oom': '0',
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'kernel/keys/root_maxkeys': '1000000',
  'kernel/keys/root_maxbytes': '25000000',
} as const;
