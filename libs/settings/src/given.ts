import { printable } from './names.js';

/** Where a value was given. */
export type Source =
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'file'; readonly file: string; readonly line: number };

/** One value that was given, under the name it was given by. */
export interface Given {
  readonly path: readonly string[];
  /** Text as it stands in the source; typed later, by the schema. */
  readonly value: string | readonly string[];
  readonly source: Source;
}

/** Where a value was given, in words. */
export const describeSource = (source: Source): string =>
  source.kind === 'environment' ? `environment: ${printable([source.name])}` : `${source.file}, line ${source.line}`;
