import type { z } from 'zod';

import type { Resolved } from './choose-value.js';
import { fold } from './names.js';
import { type Problem, settingProblem } from './problem.js';
import type { Slice } from './settings.schema.js';

/** Applies a slice's own rules, which tie its settings together, to its values. */
export function readSlice(
  { at, schema }: Slice,
  values: readonly Resolved[],
): { output: unknown } | { problems: Problem[] } {
  const result = schema.safeParse(treeOf(values, at.length));
  if (result.success) return { output: result.data };
  return {
    problems: result.error.issues.map((issue) => {
      const path = [...at, ...issue.path.filter((part) => typeof part === 'string')];
      const given = values.find(({ setting }) => fold(setting.path) === fold(path));
      return settingProblem(path, given ? issue.message : ruleOfMissing(issue), given?.source);
    }),
  };
}

/** A schema says of a missing value only what it must be. */
const ruleOfMissing = ({ code, message }: z.core.$ZodIssue): string =>
  code === 'custom' ? message : `is required: ${message}`;

interface Tree {
  [name: string]: Tree | Resolved['value'];
}

/** The values as the nested object that the schema describes. */
function treeOf(values: readonly Resolved[], depth: number): Tree {
  const tree: Tree = {};
  for (const { setting, value } of values) {
    const groups = setting.path.slice(depth, -1);
    const branch = groups.reduce<Tree>((parent, name) => (parent[name] ??= {}) as Tree, tree);
    branch[setting.path.at(-1) ?? ''] = value;
  }
  return tree;
}
