import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { until } from './until.ts';

/** Stops a process where it stands. The signal alone is not enough: a thread on another core may go on for a moment. */
export async function freeze(pid: number | undefined): Promise<void> {
  if (pid === undefined) throw new Error('There is no process to freeze.');
  process.kill(pid, 'SIGSTOP');
  if (existsSync('/proc/self/task')) await until(() => standsStill(pid), `process ${pid} stands still`);
}

/** Whether every thread is stopped, or gone (proc_pid_stat(5)). */
async function standsStill(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const stats = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => '')),
  );
  // "pid (name) state …": the name may hold brackets, so read on after the last one.
  return stats.every((stat) => ['', 'T', 'Z'].includes(stat.slice(stat.lastIndexOf(')') + 2).charAt(0)));
}
