import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { tempFolder } from '../files/temp-folder.ts';
import { run } from '../processes/child-process.ts';

/** The Go module that says which programs, and pins them and all that they are made of. */
const module = resolve(import.meta.dirname, 'programs');

const version = 'v1.37.2';

/** What Kubernetes says of its own version; left out, its API server would not know which features it has. */
const flags = Object.entries({ gitVersion: version, gitMajor: '1', gitMinor: '37' })
  .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
  .join(' ');

/**
 * Builds the programs of a cluster into a folder, politely: ten minutes on two cores when nothing was compiled before.
 * One build for all, because they share most of what they are made of.
 */
export async function makePrograms(folder: string): Promise<void> {
  const draft = await tempFolder('cluster-programs');
  try {
    // Apart from the repository, where Go would write beside go.mod.
    await cp(module, draft.path, { recursive: true });
    const how = ['-tags=no_btrfs,no_zfs,no_devmapper', `-ldflags=-s -w ${flags}`];
    const env = { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly -buildvcs=false', CGO_ENABLED: '0' };
    const line = ['-n', '10', 'go', 'build', '-o', join(folder, '/'), ...how, 'tool', './coredns', './pause'];
    await run('nice', line, { cwd: draft.path, env, minutes: 40 });
  } finally {
    await draft.remove();
  }
}
