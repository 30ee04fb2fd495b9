import { run } from './command.ts';
import { type Check, type Outcome, verdict } from './outcome.ts';

/** What may be linked into an Apache-2.0 product and shipped with it. */
const permissive = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
];

/** Tools only run here and are never shipped: licences of texts and of data are fine too, copyleft is not. */
const tools = [...permissive, 'CC-BY-3.0', 'CC-BY-4.0', 'MPL-2.0', 'Unlicense'];

/** Every package of the production tree has a permissive licence, and every other one that we know and accept. */
export const licences: readonly Check[] = [
  { name: 'licences of the product', run: () => check('--production', permissive) },
  { name: 'licences of the tools', run: () => check('--development', tools) },
];

async function check(part: '--production' | '--development', allowed: readonly string[]): Promise<Outcome> {
  const { ok, output } = await run('license-checker-rseidelsohn', [part, '--json', '--excludePrivatePackages']);
  if (!ok) return verdict(false, output);
  const packages = JSON.parse(output.slice(output.indexOf('{'))) as Record<string, { licenses: string | string[] }>;
  const refused = Object.entries(packages)
    .map(([name, { licenses }]) => ({ name, licence: [licenses].flat().join(' OR ') }))
    .filter(({ licence }) => !allows(licence, allowed));
  return verdict(refused.length === 0, refused.map(({ name, licence }) => `${name}: ${licence}\n`).join(''));
}

/**
 * Reads the SPDX expressions that packages use: one bracket level of AND and OR. A `*` marks a licence read from its
 * text.
 */
function allows(expression: string, allowed: readonly string[]): boolean {
  const plain = expression.replaceAll(/[()*]/g, '');
  return plain.split(' OR ').some((choice) => choice.split(' AND ').every((licence) => allowed.includes(licence)));
}
