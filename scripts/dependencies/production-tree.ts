import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../verify/command.ts';

/** The part of a lockfile's entry that is read here. */
interface Entry {
  readonly dev?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** What `npm ci --omit=dev` installs, as package-lock.json says it. Packages are named by their folder. */
export class ProductionTree {
  /** Names of the dependencies in package.json, the optional ones too. */
  readonly direct: readonly string[];
  private readonly entries: Readonly<Record<string, Entry>>;

  constructor() {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, Entry>;
    };
    this.entries = lock.packages;
    this.direct = Object.keys({ ...this.entry('').dependencies, ...this.entry('').optionalDependencies });
  }

  /** Every package, by its folder: `node_modules/mssql/node_modules/commander`. */
  get folders(): readonly string[] {
    return Object.keys(this.entries).filter((folder) => folder !== '' && this.entry(folder).dev !== true);
  }

  /** What would not be there without these direct dependencies. */
  broughtBy(names: readonly string[]): readonly string[] {
    const rest = this.reachable(names);
    return this.folders.filter((folder) => !rest.has(folder));
  }

  /** Whether another direct dependency wants this one beside it. */
  isPeer(name: string): boolean {
    return this.direct.some((other) => name in (this.entry(`node_modules/${other}`).peerDependencies ?? {}));
  }

  private entry(folder: string): Entry {
    return this.entries[folder] ?? {};
  }

  private reachable(without: readonly string[]): ReadonlySet<string> {
    const seen = new Set<string>();
    const waiting = this.direct.filter((name) => !without.includes(name)).map((name) => `node_modules/${name}`);
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      if (seen.has(folder)) continue;
      seen.add(folder);
      for (const name of this.wants(folder)) waiting.push(...this.find(folder, name));
    }
    return seen;
  }

  /** What a package brings by itself. A peer that is a direct dependency too is ours, not its. */
  private wants(folder: string): readonly string[] {
    const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = this.entry(folder);
    const peers = Object.keys(peerDependencies ?? {}).filter(
      (name) => peerDependenciesMeta?.[name]?.optional !== true && !this.direct.includes(name),
    );
    return [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers];
  }

  /** Where Node finds a package from this folder: in its own node_modules, or in one further up. */
  private find(folder: string, name: string): readonly string[] {
    for (let from = folder; ; from = from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/')))) {
      const candidate = `${from === '' ? '' : `${from}/`}node_modules/${name}`;
      if (candidate in this.entries) return [candidate];
      if (from === '') return [];
    }
  }
}

/** What these packages take on the disk, in MB; packages inside theirs are not counted. */
export function megabytes(folders: readonly string[]): number {
  return folders.reduce((sum, folder) => sum + bytes(join(root, folder)), 0) / 1e6;
}

function bytes(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .map((entry) => join(folder, entry.name))
    .reduce((sum, path) => {
      const info = lstatSync(path);
      return sum + info.blocks * 512 + (info.isDirectory() ? bytes(path) : 0);
    }, 0);
}
