import { z } from 'zod';

import { type Slice, type SliceName, type Slices, slices, transferTo } from './slices.js';

/** One setting that a schema knows. */
export interface KnownSetting {
  /** From the root of the tree: `['database', 'provider']`. */
  readonly path: readonly string[];
  /** Checks one value on its own, without the rules that tie settings together. */
  readonly field: z.ZodType;
  readonly description: string;
  /** Never printed, and can be given as `<name>_FILE`. */
  readonly secret: boolean;
  /** A YAML sequence is accepted. */
  readonly list: boolean;
  /** It is no value but a branch, whose settings are known once a package is chosen. */
  readonly open: boolean;
  /** What holds when it is not given; `undefined` for none. */
  readonly default: unknown;
}

/** A slice with the settings that its schema knows. */
export interface CatalogueSlice extends Slice {
  readonly name: SliceName;
  readonly settings: readonly KnownSetting[];
}

/** Every setting that can be given. */
export interface Catalogue {
  readonly slices: readonly CatalogueSlice[];
  /** Those of `transferTo__*`, which belong to no slice. */
  readonly transfer: readonly KnownSetting[];
  /** All of them, in the order of the reference. */
  readonly settings: readonly KnownSetting[];
}

/** The catalogue of these slices. */
export function catalogueOf(slicesInUse: Slices): Catalogue {
  const known = Object.entries<Slice>(slicesInUse).map(([name, { schema, at }]) => ({
    name: name as SliceName, // Object.entries widens the keys of Slices to text
    at,
    schema,
    settings: settingsIn(schema, at),
  }));
  const transfer = settingsIn(transferTo.schema, transferTo.at);
  return { slices: known, transfer, settings: [...known.flatMap(({ settings }) => settings), ...transfer] };
}

/** Every setting that can be given while no package brings its own. */
export const catalogue = catalogueOf(slices);

/** Every setting of an object schema, however deep, in the order that it is written. */
function settingsIn(schema: z.ZodType, path: readonly string[]): KnownSetting[] {
  const { core, ...facts } = unwrap(schema);
  if (core instanceof z.ZodObject) {
    // zod types a shape's members by its internal base class; the classic API makes only ZodType.
    const members = Object.entries<z.ZodType>(core.shape);
    return members.flatMap(([name, member]) => settingsIn(member, [...path, name]));
  }
  return [{ path, list: takesList(core), open: core instanceof z.ZodRecord, ...facts }];
}

function takesList(schema: unknown): boolean {
  return schema instanceof z.ZodArray || (schema instanceof z.ZodUnion && schema.options.some(takesList));
}

interface Unwrapped extends Omit<KnownSetting, 'path' | 'list' | 'open'> {
  readonly core: z.ZodType;
}

/** Looks through defaults, optionals and transformations at what a value must be. */
function unwrap(schema: z.ZodType): Unwrapped {
  const meta = schema.meta();
  const description = meta?.description;
  const secret = meta?.secret;
  const outer = (inner: Unwrapped, own: Partial<Unwrapped> = {}): Unwrapped => ({
    ...inner,
    ...(description !== undefined && { description }),
    ...(secret !== undefined && { secret }),
    ...own,
  });

  if (schema instanceof z.ZodDefault)
    return outer(unwrap(schema.def.innerType as z.ZodType), { default: schema.def.defaultValue });
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) {
    return outer(unwrap(schema.def.innerType as z.ZodType));
  }
  if (schema instanceof z.ZodPipe) {
    const { in: before, out: after } = schema.def;
    return outer(unwrap((before instanceof z.ZodTransform ? after : before) as z.ZodType), { field: schema });
  }
  return { core: schema, field: schema, description: description ?? '', secret: secret ?? false, default: undefined };
}
