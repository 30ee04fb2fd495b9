import { z } from 'zod';
import type { KeyProviderModule, SettingsSchema } from '../../contract/key-provider-module.js';
import { classAndPlace, ModuleUnusable } from './package.errors.js';

type Text = z.ZodOptional<z.ZodString>;
type Texts = z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodArray<z.ZodString>]>>;

/**
 * A package's settings as fields of ours, by name: so they are matched, redacted and read from files as all others are.
 */
export type SettingsFields = Readonly<Record<string, Text | Texts>>;

/** What was given for the settings of a package, by name. */
export type PackageValues = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The part of a property's JSON schema that is looked at. */
const propertySchema = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  anyOf: z.array(z.looseObject({ type: z.string().optional() })).optional(),
  description: z.string().optional(),
  writeOnly: z.boolean().optional(),
});
type Property = z.output<typeof propertySchema>;

const objectSchema = z.looseObject({
  type: z.literal('object'),
  properties: z.record(z.string(), propertySchema).default({}),
});

/** Reads the names of the settings, and which are secret, from the JSON schema; throws ModuleUnusable. */
export function settingsFieldsOf(name: string, schema: KeyProviderModule['settings']): SettingsFields {
  const { properties } = jsonSchemaOf(name, schema);
  const taken = new Set<string>();
  const fields = Object.entries(properties).map(([setting, property]) => {
    const why = whyUnfit(setting, property, taken);
    if (why !== undefined) throw new ModuleUnusable(`names ${name}, whose setting ${JSON.stringify(setting)} ${why}`);
    taken.add(setting.toLowerCase());
    return [setting, fieldOf(property)] as const;
  });
  return Object.fromEntries(fields);
}

function jsonSchemaOf(name: string, schema: SettingsSchema<unknown>): z.output<typeof objectSchema> {
  const refuse = (why: string): ModuleUnusable => new ModuleUnusable(`names ${name}, whose settings ${why}`);
  // Looked at as what it is: something that someone else made.
  const standard = (schema as Partial<SettingsSchema<unknown>> | undefined)?.['~standard'] as
    Partial<SettingsSchema<unknown>['~standard']> | undefined;
  if (typeof standard?.validate !== 'function') throw refuse('are no Standard Schema');
  if (typeof standard.jsonSchema?.input !== 'function') throw refuse('give no JSON schema (zod: 4.2 or later)');
  let given: unknown;
  try {
    // zod's option: what JSON cannot express, such as a transformation, takes anything.
    given = standard.jsonSchema.input({ target: 'draft-2020-12', libraryOptions: { unrepresentable: 'any' } });
  } catch (error) {
    throw refuse(`give no JSON schema (${classAndPlace(error)})`);
  }
  const read = objectSchema.safeParse(given);
  if (!read.success) throw refuse('are not one object with named properties');
  return read.data;
}

const suffix = '_file';

function whyUnfit(setting: string, { type }: Property, taken: ReadonlySet<string>): string | undefined {
  if (!/^[a-z][a-z0-9_]*$/i.test(setting) || setting.includes('__')) return 'is no name of letters and digits';
  if (setting.toLowerCase().endsWith(suffix)) return 'ends in _FILE, which is kept for files of secrets';
  if (taken.has(setting.toLowerCase())) return 'differs from another one in case alone';
  return type === 'object' ? 'is a group; settings are flat' : undefined;
}

function fieldOf(property: Property): Text | Texts {
  const facts = { description: property.description ?? '', secret: property.writeOnly === true };
  const text = z.string({ error: 'must be text' });
  if (!takesList(property)) return (facts.secret ? text : text.trim()).meta(facts).optional();
  return z
    .union([text, z.array(text)])
    .meta(facts)
    .optional();
}

const takesList = ({ type, anyOf = [] }: Property): boolean =>
  type === 'array' || anyOf.some((one) => one.type === 'array');

/** Whether a setting's value is never printed. */
export const isSecret = (field: Text | Texts | undefined): boolean => field?.unwrap().meta()?.secret === true;

/** What the package says that a setting is. */
export const descriptionOf = (field: Text | Texts): string => field.unwrap().meta()?.description ?? '';
