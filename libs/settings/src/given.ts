import { printable } from './names.js';

/** Where a value was given. */
export type Source =
  | {
      readonly kind: 'environment';
      readonly name: string;
      /** The env file and line that gave it; `undefined` where the process itself was given it. */
      readonly place?: string | undefined;
    }
  | { readonly kind: 'file'; readonly file: string; readonly line: number };

/** One value that was given, under the name it was given by. */
export interface Given {
  readonly path: readonly string[];
  /** Text as it stands in the source; typed later, by the schema. */
  readonly value: string | readonly string[];
  readonly source: Source;
}

/** Where a value was given, in words. */
export function describeSource(source: Source): string {
  if (source.kind === 'file') return `${source.file}, line ${source.line}`;
  const name = printable([source.name]);
  return source.place === undefined ? `environment: ${name}` : `${source.place}: ${name}`;
}
