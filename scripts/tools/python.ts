import { join } from 'node:path';
import { ensureDebian } from './debian.ts';
import { runTool, type Tool } from './tool.ts';

/** A tool from PyPI, in an environment of its own: `bin/` holds its programs. Every requirement is `name==version`. */
export function pythonTool(name: string, requirements: readonly string[]): Tool {
  return {
    name,
    install: async (folder) => {
      await runTool('python3', ['-m', 'venv', folder]).catch(async () => {
        await ensureDebian(['python3-venv']);
        return runTool('python3', ['-m', 'venv', '--clear', folder]);
      });
      const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
      await runTool(join(folder, 'bin', 'pip'), ['install', ...quiet, ...requirements]);
    },
  };
}
