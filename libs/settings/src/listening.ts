import type { MetricsSettings } from '@key-connector/observability';
import { catalogue } from './catalogue.js';
import { checkSlice } from './check.js';
import { type Environment, processEnvironment } from './environment.js';
import type { HttpSettings } from './http.settings.js';
import { isWithin } from './names.js';
import { resolve } from './resolve.js';
import { SettingsInvalid } from './settings.errors.js';
import { readSources } from './sources.js';

/** The settings that say where the service listens. */
export interface Listening {
  readonly http: HttpSettings;
  readonly metrics: MetricsSettings;
}

/**
 * `http__*` and `metrics__*` alone, for a look at a service that runs: no secret is read, which may come through a pipe
 * that can be read once, and no package is loaded.
 *
 * Throws `SettingsInvalid` with what is wrong with these; what is wrong with others is not looked at.
 */
export async function loadListening(
  environment: Environment = processEnvironment(),
  envFiles?: readonly string[],
): Promise<Listening> {
  const sources = await readSources(environment, envFiles);
  const branches = catalogue.slices.filter(({ name }) => name === 'http' || name === 'metrics');
  const given = sources.given.filter(({ path }) => branches.some(({ at }) => isWithin(at, path)));
  const { values, problems } = resolve(given, catalogue.settings);
  const broken = new Set(problems.map(({ name }) => name));
  const checked = branches.map((branch) => {
    const own = values.filter(({ setting }) => isWithin(branch.at, setting.path));
    return { name: branch.name, ...checkSlice(branch, own, broken) };
  });
  const found = [...sources.problems, ...problems, ...checked.flatMap(({ wrong, further }) => [...wrong, ...further])];
  if (found.length > 0) throw new SettingsInvalid(found);
  // Without problems, each slice gave the output of its schema.
  return Object.fromEntries(checked.map(({ name, output }) => [name, output])) as unknown as Listening;
}
