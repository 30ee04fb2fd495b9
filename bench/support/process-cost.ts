import { readdirSync, readFileSync } from 'node:fs';

// The unit of times in /proc/<pid>/stat is USER_HZ: 100 a second for user space on every common Linux platform.
const microsecondsPerTick = 10_000;

/** CPU time that a process has used so far, user and system, all threads, in µs (proc_pid_stat(5)). */
export function cpuMicroseconds(pid: number): number {
  const stat = processStat(pid);
  return stat.own * microsecondsPerTick;
}

/** CPU time that a process and its children have used so far, ended children included, in µs. */
export function treeCpuMicroseconds(pid: number): number {
  const { own, endedChildren } = processStat(pid);
  const children = processIds()
    .map(tryProcessStat)
    .filter((stat) => stat?.parent === pid)
    .reduce((sum, stat) => sum + (stat?.own ?? 0), 0);
  return (own + endedChildren + children) * microsecondsPerTick;
}

/** The most memory that a process has ever held, in MB (VmHWM of proc_pid_status(5)). */
export function peakMemoryMb(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!line) throw new Error(`/proc/${pid}/status has no VmHWM line.`);
  return Number(line[1]) / 1024;
}

interface ProcessStat {
  readonly parent: number;
  /** utime + stime, in ticks. */
  readonly own: number;
  /** cutime + cstime, in ticks. */
  readonly endedChildren: number;
}

function processStat(pid: number): ProcessStat {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in brackets, which may hold spaces: read on from the last bracket.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [, parent = 0, , , , , , , , , , utime = 0, stime = 0, cutime = 0, cstime = 0] = fields;
  return { parent, own: utime + stime, endedChildren: cutime + cstime };
}

// A process may end between the listing and the reading.
function tryProcessStat(pid: number): ProcessStat | undefined {
  try {
    return processStat(pid);
  } catch {
    return undefined;
  }
}

function processIds(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}
