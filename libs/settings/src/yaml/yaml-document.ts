import { type Document, isScalar, LineCounter, type Node, parseDocument, type Scalar, visit } from 'yaml';

/** Something in a file that cannot be read here. */
export interface Fault {
  readonly line: number;
  readonly rule: string;
}

/** A YAML text as a tree, or what is wrong with it. */
export interface YamlDocument {
  readonly root: Node | null;
  readonly faults: readonly Fault[];
  readonly lineOf: (node: Node) => number;
}

/** The parser's own messages may quote the text, so only these words and its codes are shown. */
const words: Readonly<Record<string, string>> = {
  BAD_INDENT: 'is indented wrongly',
  DUPLICATE_KEY: 'gives one name twice',
  MISSING_CHAR: 'lacks a quote, a bracket, a comma or a blank',
  MULTILINE_IMPLICIT_KEY: 'lacks a colon and a blank behind a name',
  MULTIPLE_DOCS: 'holds more than one document',
  RESOURCE_EXHAUSTION: 'is nested too deeply',
  TAB_AS_INDENT: 'is indented with a tab',
};

/**
 * Parses a settings file by the failsafe schema of YAML 1.2: every value stays the text that was written, as it does
 * in the environment, so the PIN `0001` is not the number 1. Aliases are refused, so nothing can multiply.
 */
export function parseYaml(text: string): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: 'failsafe',
    strict: true,
    stringKeys: true,
    uniqueKeys: (a, b) => isScalar(a) && isScalar(b) && textOf(a).toLowerCase() === textOf(b).toLowerCase(),
    prettyErrors: false,
    logLevel: 'error',
    lineCounter: lines,
  });
  const lineAt = (offset = 0): number => lines.linePos(offset).line;
  const faults = [...document.errors, ...document.warnings].map(({ code, pos }) => ({
    line: lineAt(pos[0]),
    rule: words[code] ?? `is not YAML that can be read here (${code})`,
  }));
  return {
    root: document.contents,
    faults: [
      ...faults,
      ...aliasesOf(document).map((alias) => ({
        line: lineAt(alias.range?.[0]),
        rule: 'holds an alias; write the value out',
      })),
    ],
    lineOf: (node) => lineAt(node.range?.[0]),
  };
}

function aliasesOf(document: Document.Parsed): Node[] {
  const aliases: Node[] = [];
  visit(document, {
    Alias: (_key, alias) => {
      aliases.push(alias);
    },
  });
  return aliases;
}

/** A scalar's text; the failsafe schema makes nothing else of one. */
export const textOf = (scalar: Scalar): string => String(scalar.value);

/** `name:`, `name: ~` and `name: null` give nothing; `name: 'null'` is text. */
export const isBlank = (node: Node | null): boolean =>
  node === null ||
  (isScalar(node) && (textOf(node).trim() === '' || (node.type === 'PLAIN' && /^(~|null)$/i.test(textOf(node)))));
