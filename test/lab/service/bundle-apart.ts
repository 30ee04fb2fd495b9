import { createHash } from 'node:crypto';
import { cp, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { sharedFolder } from '../files/shared-folder.ts';
import { run } from '../processes/child-process.ts';

const root = resolve(import.meta.dirname, '../../..');

/**
 * Where the bundle of this checkout lies as it does in an image: apart from all packages that it does not bring along.
 */
export const bundleApart = join(
  sharedFolder(),
  `bundle-${createHash('sha256').update(root).digest('hex').slice(0, 12)}`,
);

/** Lays dist/bundle there, with its packages, in place of an older one. */
export async function layBundleApart(): Promise<void> {
  const draft = `${bundleApart}.draft`;
  await rm(draft, { recursive: true, force: true });
  await cp(join(root, 'dist/bundle'), draft, { recursive: true });
  await run(process.execPath, ['scripts/image/packages.ts', 'node_modules', join(draft, 'node_modules')], {
    cwd: root,
  });
  await rm(bundleApart, { recursive: true, force: true });
  await rename(draft, bundleApart);
}
