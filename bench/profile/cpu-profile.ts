/** The part of a V8 CPU profile (`--cpu-prof`) that is read here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** The node that was running at each sample. */
  readonly samples: readonly number[];
  /** µs between a sample and the one before. */
  readonly timeDeltas: readonly number[];
  /** µs of the system's monotonic clock, the one that `process.hrtime` reads. */
  readonly startTime: number;
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** µs by name, the dearest first. */
export type Costs = readonly (readonly [name: string, microseconds: number])[];

/** The samples between two times of the monotonic clock, in µs: what the load caused, without start and stop. */
export function between(profile: CpuProfile, from: number, to: number): CpuProfile {
  let time = profile.startTime;
  const isInside = profile.timeDeltas.map((delta) => {
    time += delta;
    return time >= from && time <= to;
  });
  return {
    ...profile,
    samples: profile.samples.filter((_, index) => isInside[index]),
    timeDeltas: profile.timeDeltas.filter((_, index) => isInside[index]),
  };
}

/** Time by the package or room that caused it: what Node's own modules do is charged to the code that called them. */
export function costByOwner(profile: CpuProfile): Costs {
  const owners = new Map<number, string>();
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const visit = (node: ProfileNode, inherited: string): void => {
    const owner = ownerOf(node) ?? inherited;
    owners.set(node.id, owner);
    for (const child of node.children ?? []) {
      const next = byId.get(child);
      if (next) visit(next, owner);
    }
  };
  const [root] = profile.nodes;
  if (root) visit(root, 'node (http, streams, timers)');
  return sum(profile, (node) => owners.get(node.id) ?? '');
}

/** Time by function, without what it calls. */
export function costByFunction(profile: CpuProfile): Costs {
  return sum(profile, ({ callFrame }) => {
    const file = callFrame.url.replace(/^.*\/(node_modules|dist\/key-connector)\//, '').replace(/^file:\/\//, '');
    return `${callFrame.functionName || '(anonymous)'}${file ? ` ${file}:${callFrame.lineNumber + 1}` : ''}`;
  });
}

function ownerOf({ callFrame: { url, functionName } }: ProfileNode): string | undefined {
  const installed = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(url)?.[1];
  if (installed) return installed;
  const room = /\/((?:libs|apps)\/[^/]+)\//.exec(url)?.[1] ?? /\/(bench\/[^/]+)\//.exec(url)?.[1];
  if (room) return room;
  return functionName.startsWith('(') && functionName !== '(root)' && functionName !== '(anonymous)'
    ? functionName
    : undefined;
}

function sum(profile: CpuProfile, nameOf: (node: ProfileNode) => string): Costs {
  const names = new Map(profile.nodes.map((node) => [node.id, nameOf(node)]));
  const costs = new Map<string, number>();
  profile.samples.forEach((sample, index) => {
    const name = names.get(sample) ?? '';
    costs.set(name, (costs.get(name) ?? 0) + (profile.timeDeltas[index] ?? 0));
  });
  return [...costs].sort(([, a], [, b]) => b - a);
}
