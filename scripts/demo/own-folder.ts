import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const home = resolve(import.meta.dirname, '../../.demo');

/**
 * An empty folder for this run's certificate and database, removed at exit; so is what runs that were killed have left.
 */
export function ownFolder(): string {
  mkdirSync(home, { recursive: true });
  for (const name of readdirSync(home)) {
    if (!isAlive(Number(name))) rmSync(join(home, name), { recursive: true, force: true });
  }
  const path = join(home, String(process.pid));
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { mode: 0o700 });
  process.once('exit', () => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
