import { readFile, writeFile } from 'node:fs/promises';

import { chartReadme } from './reference/chart-readme.ts';
import { chartSchema, chartSecretSettings } from './reference/chart-schema.ts';
import { defaultYaml } from './reference/default-yaml.ts';
import { settingsJsonSchema } from './reference/json-schema.ts';
import { settingsMarkdown } from './reference/markdown.ts';
import type { Setting } from './reference/setting.ts';
import { libUrl, loadLibsFromSource } from './reference/source-loader.ts';

/**
 * Writes what is generated from the settings' schemas and the chart's values; with `--check`, only says which files are
 * stale.
 */
loadLibsFromSource();
const { catalogue } = (await import(libUrl('settings'))) as { catalogue: { settings: readonly Setting[] } };
const { settings } = catalogue;

const files = {
  'docs/reference/settings.md': settingsMarkdown(settings),
  'config/settings.schema.json': settingsJsonSchema(settings),
  'config/default.yaml': defaultYaml(settings),
  'helm/key-connector/values.schema.json': chartSchema(settings),
  'helm/key-connector/files/secret-settings.json': chartSecretSettings(settings),
  'helm/key-connector/README.md': chartReadme(
    await readFile(new URL('../helm/key-connector/values.yaml', import.meta.url), 'utf8'),
  ),
};

const check = process.argv.includes('--check');
const stale: string[] = [];
for (const [name, content] of Object.entries(files)) {
  const path = new URL(`../${name}`, import.meta.url);
  const onDisk = await readFile(path, 'utf8').catch(() => undefined);
  if (onDisk === content) continue;
  stale.push(name);
  if (!check) await writeFile(path, content);
}

for (const name of stale) process.stdout.write(check ? `${name} is stale\n` : `${name} written\n`);
if (check && stale.length > 0) {
  process.stdout.write('Run `npm run generate` and commit what it writes.\n');
  process.exitCode = 1;
}
