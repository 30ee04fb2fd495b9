/** Installs what tests start. What cannot be had here is said, and the tests that need it are skipped with the reason. */
import { installDebian, missingOf } from '../../test/lab/packages/debian.ts';
import { debianPackages, tools } from './catalogue.ts';
import { ensureTool } from './tool.ts';

// Standard output stays the task's own.
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const missing = missingOf(debianPackages);
if (missing.length > 0) {
  say(`Installing ${missing.join(', ')} …`);
  await installDebian(missing).catch((error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
  });
}
for (const tool of tools) {
  const reason = await ensureTool(tool);
  if (reason !== undefined) say(`${tool.name} cannot be installed: ${reason}`);
}
