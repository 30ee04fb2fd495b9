import type { z } from 'zod';

import type { Catalogue, CatalogueSlice, KnownSetting } from './catalogue.js';
import { fold, settingName } from './names.js';
import { remarkOn, whatQuotesMean } from './quotes.js';
import type { Resolution, Resolved } from './resolve.js';
import { type Problem, SettingsInvalid, settingProblem } from './settings.errors.js';
import { type SecretFiles, Settings } from './settings.js';
import type { SliceOutputs } from './slices.js';

/**
 * Makes settings of the values that count; throws {@link SettingsInvalid} with every problem at once.
 *
 * A setting that has a problem already counts as not given here, and that it is then missing goes without saying.
 *
 * @param complete false when a source could not be read: nothing is called missing then.
 * @param secrets those that were given as files.
 */
export function check(
  catalogue: Catalogue,
  { values, problems }: Resolution,
  complete: boolean,
  secrets?: SecretFiles,
): Settings {
  const broken = new Set(problems.map(({ name }) => name));
  const outputs: Partial<Record<keyof SliceOutputs, unknown>> = {};
  const found = [...problems, ...refuseTransfer(values, catalogue.transfer)];
  const missing: Problem[] = crossSliceProblems(values).filter(({ name }) => !broken.has(name));
  for (const slice of catalogue.slices) {
    const own = values.filter(isOneOf(slice.settings));
    const result = checkSlice(slice, own, broken);
    outputs[slice.name] = result.output;
    found.push(...result.wrong);
    missing.push(...result.further);
  }
  if (complete) found.push(...missing);
  if (found.length > 0 || !complete) throw new SettingsInvalid(found);
  // Without problems, every slice gave the output of its schema.
  return new Settings(outputs as SliceOutputs, values.flatMap(remarkOn), secrets);
}

/** By their names: where a package brings settings, the catalogue was made anew after names were resolved. */
export function isOneOf(settings: readonly KnownSetting[]): (value: Resolved) => boolean {
  const names = new Set(settings.map(({ path }) => settingName(path)));
  return ({ setting }) => names.has(settingName(setting.path));
}

interface SliceResult {
  readonly output?: unknown;
  /** What is wrong with single values. */
  readonly wrong: readonly Problem[];
  /** What is missing, or does not fit together. */
  readonly further: readonly Problem[];
}

/**
 * Checks all values of a slice in one go. Only where that fails, each is looked at by itself, so that one wrong value
 * hides no other, and the slice's rules are applied to those that are right.
 *
 * Where the setting that chooses a provider is broken, the rules wait until it is mended: they would ask for what the
 * wrong provider needs.
 */
export function checkSlice(
  slice: CatalogueSlice,
  values: readonly Resolved[],
  broken: ReadonlySet<string>,
): SliceResult {
  const whole = slice.schema.safeParse(treeOf(values, slice.at.length));
  if (whole.success) return { output: whole.data, wrong: [], further: [] };

  const wrong = values.flatMap(problemsOf);
  const allBroken = new Set([...broken, ...wrong.map(({ name }) => name)]);
  if (slice.settings.some((setting) => choosesOthers(setting) && allBroken.has(settingName(setting.path))))
    return { wrong, further: [] };

  const right = values.filter(({ setting }) => !allBroken.has(settingName(setting.path)));
  const { error } = wrong.length === 0 ? whole : slice.schema.safeParse(treeOf(right, slice.at.length));
  const further = (error?.issues ?? []).map((issue) => problemOf(issue, slice, right));
  return { wrong, further: further.filter(({ name }) => !allBroken.has(name)) };
}

const choosesOthers = ({ path }: KnownSetting): boolean => path.at(-1) === 'provider';

function problemsOf({ setting, value, source }: Resolved): Problem[] {
  const { error } = setting.field.safeParse(value);
  return (error?.issues ?? []).map(({ message }) =>
    settingProblem(setting.path, message + whatQuotesMean(value, source), source),
  );
}

function problemOf(issue: z.core.$ZodIssue, { at }: CatalogueSlice, values: readonly Resolved[]): Problem {
  const path = [...at, ...issue.path.filter((part) => typeof part === 'string')];
  const given = values.find(({ setting }) => fold(setting.path) === fold(path));
  // A schema says of a missing value only what it must be; its own rules say what they mean.
  const rule = given || issue.code === 'custom' ? issue.message : `is required: ${issue.message}`;
  return settingProblem(path, rule + (given ? whatQuotesMean(given.value, given.source) : ''), given?.source);
}

interface Tree {
  [name: string]: Tree | Resolved['value'];
}

/** The values as the nested object that the slice's schema describes. */
function treeOf(values: readonly Resolved[], depth: number): Tree {
  const tree: Tree = {};
  for (const { setting, value } of values) {
    const groups = setting.path.slice(depth, -1);
    const branch = groups.reduce<Tree>((parent, name) => (parent[name] ??= {}) as Tree, tree);
    branch[setting.path.at(-1) ?? ''] = value;
  }
  return tree;
}

/** The rules that tie settings of different slices together; they ask what was given, right or wrong. */
function crossSliceProblems(values: readonly Resolved[]): Problem[] {
  const given = new Set(values.map(({ setting }) => settingName(setting.path)));
  return [...whyNoProbes(given), ...whyNoSigners(given)];
}

/** Probes have no certificate to show. */
function whyNoProbes(given: ReadonlySet<string>): Problem[] {
  if (!given.has('http__tlsClientCaPath') || given.has('metrics__port')) return [];
  const rule = 'is required, because http__tlsClientCaPath is given: health is asked there, without a certificate';
  return [settingProblem(['metrics', 'port'], rule)];
}

function whyNoSigners(given: ReadonlySet<string>): Problem[] {
  const signersKnown =
    given.has('identityServerUri') ||
    (given.has('auth__issuer') && (given.has('auth__jwksUri') || given.has('auth__publicKeyPath')));
  if (signersKnown) return [];
  const rule = 'is required, unless auth__issuer is given with auth__jwksUri or auth__publicKeyPath';
  return [settingProblem(['identityServerUri'], rule)];
}

/** Refuses every setting of a transfer by name: a start that ignored them would leave keys where they are. */
const refuseTransfer = (values: readonly Resolved[], transfer: readonly KnownSetting[]): Problem[] =>
  values
    .filter(isOneOf(transfer))
    .flatMap((value) => [
      ...problemsOf(value),
      settingProblem(
        value.setting.path,
        'is known, but moving keys is not built yet; remove every transferTo__ setting',
        value.source,
      ),
    ]);
