import { FileUnreadable, readSmallText } from '@key-connector/common';
import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type Scalar, visit } from 'yaml';

import type { Given } from './given.js';
import { root } from './names.js';
import type { Problem } from './settings.errors.js';

const limits = { maxBytes: 256 * 1024, seconds: 10 };

/** What a YAML file gives, `undefined` when it could not be read, and what is wrong with it. */
export interface YamlReading {
  readonly given: readonly Given[] | undefined;
  readonly problems: readonly Problem[];
}

/** Reads the tree under `keyConnectorSettings` in a YAML file. */
export async function givenByYaml(file: string): Promise<YamlReading> {
  const problem = (rule: string, line?: number): Problem => ({
    name: 'settings file',
    rule,
    where: line === undefined ? file : `${file}, line ${line}`,
  });
  let text: string;
  try {
    text = await readSmallText(file, limits);
  } catch (error) {
    if (!(error instanceof FileUnreadable)) throw error;
    return { given: undefined, problems: [problem(error.why)] };
  }
  const { leaves, faults, whole } = readYaml(text);
  return {
    given: whole
      ? leaves.map(({ path, value, line }) => ({ path, value, source: { kind: 'file', file, line } }))
      : undefined,
    problems: faults.map(({ rule, line }) => problem(rule, line)),
  };
}

/** A value and the names above it. */
interface Leaf {
  readonly path: readonly string[];
  readonly value: string | readonly string[];
  readonly line: number;
}

/** Something in a file that cannot be read here. */
interface Fault {
  readonly rule: string;
  readonly line: number;
}

/** The parser's own messages may quote the text, so only these words and its codes are shown. */
const words: Readonly<Record<string, string>> = {
  BAD_INDENT: 'is indented wrongly',
  MISSING_CHAR: 'lacks a quote, a bracket, a comma or a blank',
  MULTILINE_IMPLICIT_KEY: 'lacks a colon and a blank behind a name',
  MULTIPLE_DOCS: 'holds more than one document',
  RESOURCE_EXHAUSTION: 'is nested too deeply',
  TAB_AS_INDENT: 'is indented with a tab',
};

/**
 * Parses a settings file by the failsafe schema of YAML 1.2: every value stays the text that was written, as it does
 * in the environment, so the PIN `0001` is not the number 1. Aliases are refused, so nothing can multiply. `whole` is
 * false where the text is no such YAML, so that nobody knows what it would have given.
 */
function readYaml(text: string): { leaves: readonly Leaf[]; faults: readonly Fault[]; whole: boolean } {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: 'failsafe',
    strict: true,
    stringKeys: true,
    // The parser would compare each name with each other one; `Leaves` does it in one go, whatever the case.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
    lineCounter: lines,
  });
  const lineAt = (offset = 0): number => lines.linePos(offset).line;
  const faults = [...document.errors, ...document.warnings].map(({ code, pos }) => ({
    line: lineAt(pos[0]),
    rule: words[code] ?? `is not YAML that can be read here (${code})`,
  }));
  visit(document, {
    Alias: (_key, alias) => {
      faults.push({ line: lineAt(alias.range?.[0]), rule: 'holds an alias; write the value out' });
    },
  });
  if (faults.length > 0) return { leaves: [], faults, whole: false };
  const tree = new Tree((node) => lineAt(node.range?.[0]));
  tree.readRoot(document.contents);
  return { leaves: tree.leaves, faults: tree.faults, whole: true };
}

/** The values under `keyConnectorSettings`, and what stands where no value can. */
class Tree {
  readonly leaves: Leaf[] = [];
  readonly faults: Fault[] = [];

  constructor(private readonly lineOf: (node: Node) => number) {}

  readRoot(node: Node | null): void {
    if (isBlank(node)) return;
    if (!isMap(node)) {
      this.fault(node, `must begin with ${root}:`);
      return;
    }
    for (const { key, value } of this.pairsOf(node)) {
      if (textOf(key).toLowerCase() === root.toLowerCase()) this.read([], value);
      else this.fault(key, `has a name beside ${root}; put every setting under that`);
    }
  }

  private read(path: readonly string[], node: Node | null): void {
    if (isBlank(node)) return;
    if (isMap(node)) {
      for (const { key, value } of this.pairsOf(node)) this.read([...path, textOf(key)], value);
    } else if (isScalar(node)) {
      this.leaves.push({ path, value: textOf(node), line: this.lineOf(node) });
    } else if (isSeq(node) && node.items.every(isScalar)) {
      this.leaves.push({ path, value: node.items.map(textOf), line: this.lineOf(node) });
    } else {
      this.fault(node, 'has a list of something other than plain values');
    }
  }

  /** The entries of a map; a name that stands in it twice is a fault. */
  private pairsOf(map: { items: unknown[] }): Pair<Scalar, Node | null>[] {
    const names = new Set<string>();
    // The document was parsed with string keys only.
    return (map.items as Pair<Scalar, Node | null>[]).filter(({ key }) => {
      const isNew = names.size < names.add(textOf(key).toLowerCase()).size;
      if (!isNew) this.fault(key, 'gives one name twice');
      return isNew;
    });
  }

  private fault(node: Node, rule: string): void {
    this.faults.push({ line: this.lineOf(node), rule });
  }
}

/** A scalar's text; the failsafe schema makes nothing else of one. */
const textOf = (scalar: Scalar): string => String(scalar.value);

/** `name:`, `name: ~` and `name: null` give nothing; `name: 'null'` is text. */
const isBlank = (node: Node | null): node is null =>
  node === null ||
  (isScalar(node) && (textOf(node).trim() === '' || (node.type === 'PLAIN' && /^(~|null)$/i.test(textOf(node)))));
