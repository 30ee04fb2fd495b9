/** Tells of one problem with the settings; `path` is from the root of the tree: `['rsaKey', 'awsRegion']`. */
export type Report = (path: readonly string[], message: string) => void;

/**
 * The values of the named settings when all are given; otherwise reports each that is missing.
 *
 * @param branch the branch of the tree: `rsaKey` or `certificate`.
 * @param missing for each required name, what it is, to end the sentence `is required: …`.
 */
export function required<T extends object, N extends keyof T & string>(
  branch: string,
  values: T,
  missing: Readonly<Record<N, string>>,
  report: Report,
): { readonly [K in N]: NonNullable<T[K]> } | undefined {
  const names = Object.keys(missing) as N[];
  const absent = names.filter((name) => values[name] === undefined || values[name] === null);
  for (const name of absent) report([branch, name], `is required: ${missing[name]}`);
  return absent.length === 0 ? (values as { [K in N]: NonNullable<T[K]> }) : undefined;
}
