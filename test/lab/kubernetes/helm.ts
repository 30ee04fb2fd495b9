import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { type TempFolder, tempFolder } from '../files/temp-folder.ts';
import { installedTool } from '../packages/tools.ts';
import { type Outcome, outcomeOf } from '../processes/child-process.ts';
import type { Manifest } from './manifests.ts';

export const helm = installedTool('helm');

/** The chart of this repository. */
export const chart = resolve(import.meta.dirname, '../../../helm/key-connector');

/** Values as a file's path, or as a tree. */
export type Values = string | Readonly<Record<string, unknown>>;

/** What counts beside values: the release's name, and the API groups that the cluster has. */
export interface Rendering {
  readonly release?: string;
  readonly apis?: readonly string[];
}

/** Runs Helm on the chart, with a home of its own: nothing of this machine's user counts. */
export class Helm {
  /** What was rendered from files, which do not change. */
  private readonly rendered = new Map<string, Promise<Outcome>>();

  private constructor(private readonly home: TempFolder) {}

  static async open(): Promise<Helm> {
    return new Helm(await tempFolder('helm'));
  }

  close(): Promise<void> {
    return this.home.remove();
  }

  /** What `helm lint --strict` finds; nothing where it passes. */
  async lint(values: Values): Promise<string> {
    const { code, stdout, stderr } = await this.run(['lint', '--strict', chart], [values]);
    return code === 0 ? '' : stdout + stderr;
  }

  /** The objects that an installation makes; later values win. */
  async render(values: Values | readonly Values[], rendering: Rendering = {}): Promise<Manifest[]> {
    return parseManifests(await this.text(values, rendering));
  }

  /** The same, as text. */
  async text(
    values: Values | readonly Values[],
    { release = 'key-connector', apis = [] }: Rendering = {},
  ): Promise<string> {
    const options = ['--namespace', 'keys', ...apis.flatMap((api) => ['--api-versions', api])];
    return must(await this.run(['template', release, chart, ...options], listOf(values))).stdout;
  }

  /** What Helm says to values that it must not take. */
  async refusal(...values: readonly Values[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(['template', 'key-connector', chart], values);
    if (code === 0) throw new Error(`Helm took the values:\n${stdout.slice(0, 2_000)}`);
    return stderr;
  }

  private async run(args: readonly string[], values: readonly Values[]): Promise<Outcome> {
    const files = await Promise.all(values.map((each) => this.fileOf(each)));
    const line = [...args, ...files.flatMap((file) => ['--values', file])];
    const env = { HOME: this.home.path, PATH: '/usr/bin:/bin' };
    const key = line.join(' ');
    const outcome = this.rendered.get(key) ?? outcomeOf(helm.file('helm'), line, { env });
    this.rendered.set(key, outcome);
    return outcome;
  }

  private async fileOf(values: Values): Promise<string> {
    if (typeof values === 'string') return values;
    const file = join(this.home.path, `values-${++Helm.files}.yaml`);
    // Helm reads YAML 1.1, in which a plain `no` is false.
    await writeFile(file, stringify(values, { version: '1.1' }));
    return file;
  }

  private static files = 0;
}

const listOf = (values: Values | readonly Values[]): readonly Values[] =>
  Array.isArray(values) ? (values as readonly Values[]) : [values as Values];

function must(outcome: Outcome): Outcome {
  if (outcome.code !== 0) throw new Error(`helm ended with ${outcome.code}:\n${outcome.stdout}${outcome.stderr}`);
  return outcome;
}

/** The objects in a text of several documents; throws where one is no YAML. */
export function parseManifests(text: string): Manifest[] {
  const documents = parseAllDocuments(text);
  return (Array.isArray(documents) ? documents : [])
    .map((document) => {
      if (document.errors.length > 0) throw new Error(document.errors.join('\n'));
      return document.toJS() as Manifest | null;
    })
    .filter((manifest) => manifest !== null);
}
