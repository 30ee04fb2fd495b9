import { isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml';

import { root } from '../names.js';
import { type Fault, isBlank, textOf, type YamlDocument } from './yaml-document.js';

/** A value and the names above it. */
export interface Leaf {
  readonly path: readonly string[];
  readonly value: string | readonly string[];
  readonly line: number;
}

/** The values under `keyConnectorSettings`, and what stands where no value can. */
export function leavesOf({ root: node, lineOf }: YamlDocument): (Leaf | Fault)[] {
  if (node === null || isBlank(node)) return [];
  if (!isMap(node)) return [{ line: lineOf(node), rule: `must begin with ${root}:` }];
  return pairsOf(node).flatMap(({ key, value }): (Leaf | Fault)[] =>
    textOf(key).toLowerCase() === root.toLowerCase()
      ? below([], value, lineOf)
      : [{ line: lineOf(key), rule: `has a name beside ${root}; put every setting under that` }],
  );
}

function below(path: readonly string[], node: Node | null, lineOf: YamlDocument['lineOf']): (Leaf | Fault)[] {
  if (node === null || isBlank(node)) return [];
  if (isMap(node)) return pairsOf(node).flatMap(({ key, value }) => below([...path, textOf(key)], value, lineOf));
  const line = lineOf(node);
  if (isScalar(node)) return [{ path, value: textOf(node), line }];
  if (isSeq(node) && node.items.every(isScalar)) return [{ path, value: node.items.map(textOf), line }];
  return [{ line, rule: 'has a list of something other than plain values' }];
}

/** The document was parsed with string keys only. */
const pairsOf = (map: { items: unknown[] }): Pair<Scalar, Node | null>[] => map.items as Pair<Scalar, Node | null>[];
