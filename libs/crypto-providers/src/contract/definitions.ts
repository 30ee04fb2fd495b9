import type { z } from 'zod';

/**
 * Fields of a branch of the settings, by name, as `text` and its like in libs/common make them; none is required by
 * itself.
 */
export type Fields = Readonly<Record<string, z.ZodType>>;

/** What the schema gives for some fields. For none at all zod would give an object that may have no member. */
export type Values<F extends Fields> = keyof F extends never ? object : z.output<z.ZodObject<F>>;

/** Something that the settings choose by its kind, with fields that it alone looks at. */
interface Definition {
  readonly kind: string;
  readonly fields: Fields;
}

type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

/** Several definitions, in the order of the reference. */
type Definitions = readonly [Definition, ...Definition[]];

/** The definitions of a list by their kind. */
type ByKind<L extends Definitions> = { readonly [One in L[number] as One['kind']]: One };

/** Looks the definitions of a list up by their kind. */
export function byKind<const L extends Definitions>(list: L): ByKind<L> {
  // What TypeScript does not follow: each entry stands under its own kind.
  return Object.fromEntries(list.map((one) => [one.kind, one])) as ByKind<L>;
}

/** The kinds of a list, in its order. */
export function kindsOf<const L extends Definitions>(list: L): readonly [Kind<L>, ...Kind<L>[]] {
  const [first, ...others] = list;
  return [first.kind, ...others.map(({ kind }) => kind)];
}

type Kind<L extends Definitions> = L[number]['kind'];

/** The fields of all definitions of a list, in its order: together they are the branch. */
export function fieldsOf<const L extends Definitions>(list: L): Intersection<L[number]['fields']> {
  return Object.assign({}, ...list.map(({ fields }) => fields)) as Intersection<L[number]['fields']>;
}

/** The names of the fields that all but the chosen definition look at. */
export const fieldsOfOthers = (list: Definitions, chosen: string): string[] =>
  list.flatMap(({ kind, fields }) => (kind === chosen ? [] : Object.keys(fields)));
