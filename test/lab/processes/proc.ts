/** What Linux tells of processes under /proc. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { until } from './until.ts';

// The unit of times in /proc/<pid>/stat is USER_HZ: 100 a second for user space on every common Linux platform.
const microsecondsPerTick = 10_000;

/** Ids of the processes whose parent is `pid`. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((id) => Number.isInteger(id) && statOf(id)?.parent === pid);
}

/** CPU time that a process has used so far, user and system, all threads, in µs. */
export function cpuMicroseconds(pid: number): number {
  return (statOf(pid)?.own ?? 0) * microsecondsPerTick;
}

/** CPU time that a process and its children have used so far, ended children included, in µs. */
export function treeCpuMicroseconds(pid: number): number {
  const ended = (statOf(pid)?.endedChildren ?? 0) * microsecondsPerTick;
  return childrenOf(pid).reduce((sum, child) => sum + cpuMicroseconds(child), ended + cpuMicroseconds(pid));
}

/** Memory of a process in MB of 10^6 bytes (proc_pid_status(5)): what it holds now, or the most that it ever held. */
export function memoryMb(pid: number, which: 'now' | 'peak'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const name = which === 'now' ? 'VmRSS' : 'VmHWM';
  // The kernel's "kB" are of 1024 bytes.
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/status has no line ${name}.`);
  return (Number(kibibytes) * 1024) / 1e6;
}

/** Stops a process where it stands. The signal alone is not enough: a thread on another core may go on for a moment. */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  if (existsSync('/proc/self/task')) await until(() => standsStill(pid), `process ${pid} stands still`);
}

/** Lets it go on, if it is still there. */
export function thaw(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It has ended.
  }
}

/** Whether every thread is stopped, or gone. */
function standsStill(pid: number): boolean {
  const threads = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : [];
  return threads.every((thread) => ['T', 'Z'].includes(statOf(`${pid}/task/${thread}`)?.state ?? 'Z'));
}

interface Stat {
  readonly state: string;
  readonly parent: number;
  /** utime + stime, in ticks. */
  readonly own: number;
  /** cutime + cstime, in ticks. */
  readonly endedChildren: number;
}

/** The fields of proc_pid_stat(5) that are read here; `undefined` when the process or thread is gone. */
function statOf(task: number | string): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${task}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // "pid (name) state ppid …": the name may hold spaces and brackets, so read on after the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const numbers = fields.map(Number);
  const [, parent = 0, , , , , , , , , , utime = 0, stime = 0, cutime = 0, cstime = 0] = numbers;
  return { state: fields[0] ?? '', parent, own: utime + stime, endedChildren: cutime + cstime };
}
