import { Logger } from '@nestjs/common';
import type pg from 'pg';
import { driverErrorOf } from '../errors/driver-error.js';
import type { Endpoint } from '../identity/cloud-identity.js';
import { optionalParameters, type Target } from './probe.js';

/** Between two searches: when every server is down, each failed request would start one. */
const pauseMilliseconds = 1000;

/** How often the primary is looked for while a standby is used: it answers reads, so no failure would tell. */
const standbyMilliseconds = 2000;

/** An open pool that goes where the servers say. */
export interface Follower {
  /** Whether it is closed, or about to be. */
  readonly ending: boolean;
  /** Told when another server may be in use: connections to others have to go. */
  serverChanged(): void;
}

/** Which of the servers of a connection string is in use: the primary, or a standby while there is none. */
export class Servers {
  private readonly logger = new Logger(Servers.name);
  private target: Target;
  private readonly followers = new Set<Follower>();
  private searching = false;
  private searched = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private due = Infinity;
  private silent = false;

  constructor(
    private readonly endpoints: readonly [Endpoint, ...Endpoint[]],
    private readonly find: () => Promise<Target>,
  ) {
    this.target = { options: { ...endpoints[0] }, standby: false };
  }

  /** A pool's options with the server in use, and how that one is reached. */
  optionsFor(config: pg.ClientConfig): pg.ClientConfig {
    const { host, port, ssl } = this.target.options;
    // A pool hides its password from enumeration, so a spread leaves it out. A cloud's token is the server's own.
    const password = this.target.options.password ?? config.password;
    const options = { ...config, ...(password === undefined ? {} : { password }), host, port, ssl };
    for (const name of optionalParameters) {
      if (this.target.options[name] === undefined) Reflect.deleteProperty(options, name);
    }
    return options;
  }

  /** Whether a connection goes to the server in use. */
  uses({ host, port }: Endpoint): boolean {
    const { options } = this.target;
    return host === options.host && port === options.port;
  }

  /**
   * Has a pool told, as long as it is open, whenever another server is used; it may have missed one while it opened.
   */
  follow(pool: Follower): void {
    this.followers.add(pool);
    // A search that came due before anybody followed was not made.
    if (this.target.standby) this.searchAt(performance.now() + standbyMilliseconds);
    pool.serverChanged();
  }

  /**
   * Chooses the server to use from now on.
   *
   * @throws the last server's error when none answers.
   */
  async choose(): Promise<void> {
    try {
      this.use(await this.find());
    } finally {
      this.searched = performance.now();
      if (this.target.standby) this.searchAt(this.searched + standbyMilliseconds);
    }
  }

  /** Looks for the primary in the background, soon; with one server there is nothing to look for. */
  search(): void {
    if (!this.searching) this.searchAt(Math.max(performance.now(), this.searched + pauseMilliseconds));
  }

  private searchAt(time: number): void {
    if (this.endpoints.length === 1 || this.due <= time) return;
    clearTimeout(this.timer);
    this.due = time;
    this.timer = setTimeout(() => void this.searchNow(), time - performance.now()).unref();
  }

  private async searchNow(): Promise<void> {
    this.due = Infinity;
    for (const pool of this.followers) if (pool.ending) this.followers.delete(pool);
    if (this.followers.size === 0) return;
    this.searching = true;
    try {
      await this.choose();
      this.silent = false;
    } catch (error) {
      // Once an outage, not once a second.
      if (!this.silent) this.logger.warn({ msg: 'No database host answers', error: driverErrorOf(error)?.message });
      this.silent = true;
    } finally {
      this.searching = false;
    }
  }

  private use(target: Target): void {
    const { host = '', port = 0 } = target.options;
    const moved = !this.uses({ host, port });
    const changed = moved || target.standby !== this.target.standby;
    this.target = target;
    if (changed && target.standby) {
      this.logger.warn({ msg: 'The database is a standby: keys can be read, not stored', host, port });
    } else if (changed) {
      this.logger.log({ msg: 'The database is the primary', host, port });
    }
    if (moved) for (const follower of this.followers) follower.serverChanged();
  }
}
