import { existsSync, globSync, rmdirSync } from 'node:fs';
import { basename } from 'node:path';
import { outcomeOf } from '../../processes/child-process.ts';
import { home, node } from './places.ts';

/** Says to a program that it runs in one. */
const mark = 'KEY_CONNECTOR_OWN_MACHINE';
/** Says to one that does not why. */
const lack = 'KEY_CONNECTOR_NO_MACHINE';

/** Whether this process runs in a machine of its own. */
export const inOwnMachine = process.env[mark] !== undefined;

/** The cgroup of the cluster's pods, whose name ends with the process that it belongs to. */
export const podsCgroup = (): string => process.env[mark] ?? '';

const cgroups = 'key-connector-cluster-';

/**
 * The command line that runs a program on what looks like a machine of its own: its network, its processes, its mounts.
 * The first process there is a shell that the kernel kills with its parent, and with it goes everything: whatever was
 * started, the network, and the folder, which is in memory.
 */
export function onOwnMachine(program: string, args: readonly string[]): [string, string[]] {
  const apart = ['--net', '--pid', '--mount', '--fork', '--kill-child=KILL', '--mount-proc'];
  return ['unshare', [...apart, '/bin/sh', '-euc', setUp, 'own-machine', program, ...args]];
}

/** Tells the programs there that they are in one; or those that are not, why there is none. */
export const environmentOfMachine = (whyNot?: string): NodeJS.ProcessEnv =>
  whyNot === undefined ? { [mark]: `${cgroups}${process.pid}` } : { [lack]: whyNot };

/** Why this process is in none. */
export const whyNotHere = (): string => process.env[lack] ?? 'on a machine of its own: npm run cluster';

// A shell and no `exec`: the first process has to wait for those whose parent is gone.
const setUp = `
  ip link set lo up
  ip link add node type bridge
  ip address add ${node.ipv4}/24 dev node
  ip address add ${node.ipv6}/64 dev node nodad
  ip link set node up
  ip route add default dev node
  ip -6 route add default dev node
  sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  resolver=$(readlink -m /etc/resolv.conf)
  mkdir -p /var/lib/cni
  for folder in /run /var/log /var/lib/cni; do mount -t tmpfs -o mode=0755 tmpfs $folder; done
  mkdir -p ${home} "\${resolver%/*}"
  echo nameserver ${node.ipv4} > ${home}/resolv.conf
  [ -e "$resolver" ] || : > "$resolver"
  mount --bind ${home}/resolv.conf "$resolver"
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then controllers=/sys/fs/cgroup; else controllers=$(echo /sys/fs/cgroup/*); fi
  for each in $controllers; do [ ! -d "$each" ] || [ -z "\${${mark}:-}" ] || mkdir -p "$each/$${mark}"; done
  status=0
  "$@" || status=$?
  exit $status
`;

/** Why there can be no machine of its own here; `undefined` where there can. */
export async function whyNoMachine(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'a cluster needs Linux';
  if (process.getuid?.() !== 0) return 'only root can run a cluster here';
  const { code, stderr } = await outcomeOf(...onOwnMachine('/bin/true', []));
  return code === 0 ? undefined : `no network, processes and mounts of its own here: ${stderr.trim()}`;
}

/**
 * Removes the cgroups of clusters that ended, or were killed, and of this process' own: the only thing of a cluster
 * that outlives its machine.
 */
export function removeCgroups(): void {
  for (const top of globSync(`/sys/fs/cgroup/{,*/}${cgroups}*`)) {
    const owner = basename(top).slice(cgroups.length);
    if (owner !== String(process.pid) && existsSync(`/proc/${owner}`)) continue;
    // From the innermost out; one that still has processes stays.
    for (const folder of [...globSync(`${top}/**/`), top].sort((a, b) => b.length - a.length)) {
      try {
        rmdirSync(folder);
      } catch {
        // Its processes are about to end: the next start removes it.
      }
    }
  }
}
