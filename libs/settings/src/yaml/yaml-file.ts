import type { Given } from '../given.js';
import { partition, type Problem } from '../problem.js';
import { FileUnreadable, readTextFile } from '../text-file.js';
import { parseYaml } from './yaml-document.js';
import { leavesOf } from './yaml-leaves.js';

const maxBytes = 256 * 1024;

/** What a YAML file gives, `undefined` when it could not be read, and what is wrong with it. */
export interface YamlReading {
  readonly given: readonly Given[] | undefined;
  readonly problems: readonly Problem[];
}

/** Reads the tree under `keyConnectorSettings` in a YAML file. */
export function givenByYaml(file: string): YamlReading {
  const problem = (rule: string, line?: number): Problem => ({
    name: 'settings file',
    rule,
    where: line === undefined ? file : `${file}, line ${line}`,
  });
  try {
    const document = parseYaml(readTextFile(file, maxBytes));
    if (document.faults.length > 0) {
      return { given: undefined, problems: document.faults.map(({ rule, line }) => problem(rule, line)) };
    }
    const leaves = leavesOf(document).map((leaf) =>
      'rule' in leaf
        ? problem(leaf.rule, leaf.line)
        : { path: leaf.path, value: leaf.value, source: { kind: 'file' as const, file, line: leaf.line } },
    );
    const { good, problems } = partition<Given>(leaves);
    return { given: good, problems };
  } catch (error) {
    if (!(error instanceof FileUnreadable)) throw error;
    return { given: undefined, problems: [problem(error.why)] };
  }
}
