import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileUnreadable, fileUnreadable, readSmallFile } from './small-file.js';
import { timerMilliseconds } from './timer.js';

/**
 * Without a deadline: one thread may stay with a share that hangs, and no look begins before the last one has ended, so
 * there is never a second one. The largest file that is watched is a bundle of authorities.
 */
const limits = { maxBytes: 4 * 1024 * 1024, seconds: Infinity };

/** Between two tries with a content that was refused, in looks: doubled up to here. */
const longestPause = 12;

/** Something that is made of files, and is made anew when they hold something else. */
export interface MadeOfFiles {
  /** The setting that names the files, for people: `http__tlsCertificatePath`. */
  readonly name: string;
  /** What counts now: a folder stands for the files in it. Pipes are passed over, which nobody can read twice. */
  readonly paths: () => readonly string[];
  /** Reads them and puts what they hold to use; throws to refuse it, and what was in use goes on. */
  readonly use: () => Promise<void>;
}

/** Hears what comes of it. */
export interface WatchListener {
  /** New content is in use, or the old one is back after another was refused. */
  used(name: string, isNew: boolean): void;
  /** New content cannot be used; said at each try. */
  refused(name: string, error: unknown): void;
}

/**
 * Looks at files again and again, and has what is made of them made anew when they change.
 *
 * Files are looked at, not waited for: a secret that Kubernetes mounts changes by a link of its folder, of which a
 * watch on the file hears nothing. What counts is their content, so a new file with the old one is no change.
 *
 * New content is used once two looks in a row have found it: an editor empties a file before it writes it, and of a
 * pair one file changes first. What is refused is tried again, as long as it stays, after a pause that grows: a
 * password may reach us before it reaches the database.
 *
 * @example
 * const watched = new WatchedFiles([{ name: 'tls__extraCaPath', paths: () => [folder], use: () => trust(folder) }], listener);
 * await watched.begin(5);
 */
export class WatchedFiles {
  private readonly watched: readonly Watched[];
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(things: readonly MadeOfFiles[], listener: WatchListener) {
    this.watched = things.map((thing) => new Watched(thing, listener));
  }

  /**
   * Takes what the files hold now as what is in use, and looks at them every so many seconds from then on; 0: never.
   */
  async begin(seconds: number): Promise<void> {
    if (seconds === 0 || this.watched.length === 0) return;
    for (const one of this.watched) await one.begin();
    this.schedule(seconds * 1000);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** One look at everything, one file after the other. */
  async look(): Promise<void> {
    for (const one of this.watched) if (!this.stopped) await one.look();
  }

  private schedule(milliseconds: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(
      () =>
        void this.look().finally(() => {
          this.schedule(milliseconds);
        }),
      timerMilliseconds(milliseconds),
    ).unref();
  }
}

/** One thing, and what its files held. */
class Watched {
  /** Digests of what is in use and of what the last look found. */
  private inUse = '';
  private seen = '';
  private isRefused = false;
  private pause = 0;
  private waiting = 0;

  constructor(
    private readonly thing: MadeOfFiles,
    private readonly listener: WatchListener,
  ) {}

  async begin(): Promise<void> {
    this.inUse = this.seen = await this.digest();
  }

  async look(): Promise<void> {
    const found = await this.digest();
    const isSettled = found === this.seen;
    this.seen = found;
    if (!isSettled) this.pause = this.waiting = 0;
    else if (found === this.inUse) this.backInUse();
    else if (this.waiting > 0) this.waiting -= 1;
    else await this.use(found);
  }

  private backInUse(): void {
    if (this.isRefused) this.listener.used(this.thing.name, false);
    this.isRefused = false;
  }

  private async use(found: string): Promise<void> {
    try {
      await this.thing.use();
    } catch (error) {
      this.isRefused = true;
      this.waiting = this.pause;
      this.pause = Math.min(Math.max(1, this.pause * 2), longestPause);
      this.listener.refused(this.thing.name, error);
      return;
    }
    // What changed between the look and the use is found by the next look, as something else than this.
    this.inUse = found;
    this.isRefused = false;
    this.listener.used(this.thing.name, true);
  }

  /** Differs when any file does: by its content, or by why it cannot be read. */
  private async digest(): Promise<string> {
    const digest = createHash('sha256');
    for (const path of this.thing.paths()) {
      for (const file of await filesAt(path))
        digest
          .update(`${file}\0`)
          .update(await contentOf(file))
          .update('\0');
    }
    return digest.digest('base64');
  }
}

/** The file itself, or those of a folder but for hidden ones: a mounted volume keeps its versions there. */
async function filesAt(path: string): Promise<string[]> {
  const kind = await kindOf(path);
  if (kind !== 'folder') return kind === 'pipe' ? [] : [path];
  const names = (await readdir(path).catch(() => [])).filter((name) => !name.startsWith('.')).sort();
  const files: string[] = [];
  for (const name of names) if ((await kindOf(join(path, name))) === 'file') files.push(join(path, name));
  return files;
}

/** Whether a path leads to something that can be read only once; what is not there counts as a file. */
export const isPipe = async (path: string): Promise<boolean> => (await kindOf(path)) === 'pipe';

async function kindOf(path: string): Promise<'file' | 'folder' | 'pipe'> {
  try {
    const stats = await stat(path);
    return stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : 'pipe';
  } catch {
    return 'file';
  }
}

/** The digest of a file, so that no secret is held; of one that cannot be read, why. */
async function contentOf(file: string): Promise<string> {
  try {
    const bytes = await readSmallFile(file, limits);
    const digest = createHash('sha256').update(bytes).digest('base64');
    bytes.fill(0);
    return digest;
  } catch (error) {
    const { why }: FileUnreadable = fileUnreadable(file, error);
    return why;
  }
}
