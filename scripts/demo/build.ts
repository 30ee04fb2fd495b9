import { globSync, statSync } from 'node:fs';
import { run } from '../../test/lab/processes/child-process.ts';
import { serviceEntry } from '../../test/lab/service/service.process.ts';
import { root } from '../verify/command.ts';

/** The demo issuer's build, beside the service's. */
export const issuerEntry = `${root}/dist/demo-issuer/apps/demo-issuer/src/main.js`;

const targets = [
  { project: 'key-connector', entry: serviceEntry },
  { project: 'demo-issuer', entry: issuerEntry },
];

/** Builds what the sources are newer than. */
export async function buildIfStale(): Promise<void> {
  const sources = globSync(['apps/**/*.{ts,json}', 'libs/**/*.ts', 'tsconfig.json', 'package-lock.json'], {
    cwd: root,
  });
  const newest = Math.max(...sources.map((file) => changedAt(`${root}/${file}`)));
  for (const { project, entry } of targets) {
    if (changedAt(entry) > newest) continue;
    process.stdout.write(`Building ${project} …\n`);
    await run('nest', ['build', project], { cwd: root });
  }
}

function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
