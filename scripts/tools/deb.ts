import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runTool, type Tool } from './tool.ts';

/** One file out of a Debian package that is not to be installed as a whole, such as a server's plugin. */
export function debianFile(name: string, debianPackage: string, file: string): Tool {
  return {
    name,
    install: async (folder) => {
      const draft = await mkdtemp(join(tmpdir(), 'key-connector-deb-'));
      try {
        await runTool('apt-get', ['download', '-qq', debianPackage], {}, draft);
        const [archive = ''] = await readdir(draft);
        await runTool('dpkg-deb', ['--extract', join(draft, archive), join(draft, 'files')]);
        await cp(join(draft, 'files', file), join(folder, basename(file)));
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    },
  };
}
