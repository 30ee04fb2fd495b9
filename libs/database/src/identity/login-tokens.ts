import { messageOf, type Secret, timerMilliseconds } from '@key-connector/common';
import { Logger } from '@nestjs/common';

/** A token that logs in until a moment. */
export interface LoginToken {
  readonly token: Secret;
  /** Milliseconds since 1970; NaN where the token does not tell. */
  readonly expiresAt: number;
}

/** A token is renewed this long before it ends, in milliseconds, or at two thirds of its life when that is shorter. */
const longestMargin = 5 * 60_000;

/** Not used this close to its end: it must still be good when the server looks at it. */
const reserve = 30_000;

/** Between two tries, and at least between two renewals. */
const pause = 10_000;

/**
 * Keeps a token at hand for new connections, so that none has to wait for one: it is renewed in the background before
 * it ends. Renewals are shared; one that fails is tried again while the old token goes on being used.
 */
export class LoginTokens {
  private readonly logger = new Logger('Database');
  private current: LoginToken | undefined;
  private renewing: Promise<LoginToken> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failing = false;

  constructor(
    private readonly fetch: () => Promise<LoginToken>,
    private readonly now: () => number = () => Date.now(),
  ) {}

  /** A token that is still good; waits only when there is none. */
  async get(): Promise<Secret> {
    const { current } = this;
    if (current !== undefined && this.now() < current.expiresAt - reserve) return current.token;
    return (await this.renew()).token;
  }

  private renew(): Promise<LoginToken> {
    this.renewing ??= this.fetchOne().finally(() => (this.renewing = undefined));
    return this.renewing;
  }

  private async fetchOne(): Promise<LoginToken> {
    try {
      const token = await this.fetch();
      this.failing = false;
      // One that does not say when it ends is used by those who wait for it, and not kept.
      this.current = Number.isFinite(token.expiresAt) ? token : undefined;
      if (this.current !== undefined) {
        const life = token.expiresAt - this.now();
        this.renewIn(Math.max(pause, life - Math.min(longestMargin, life / 3)));
      }
      return token;
    } catch (error) {
      this.failed(error);
      throw error;
    }
  }

  /** Before the first token boot tries again; from then on this does. */
  private failed(error: unknown): void {
    if (this.current === undefined) return;
    this.renewIn(pause);
    // Once an outage, not with every try.
    if (!this.failing)
      this.logger.warn({
        msg: 'The database login token could not be renewed; the old one is used while it lasts',
        error: messageOf(error),
      });
    this.failing = true;
  }

  private renewIn(milliseconds: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.renew().catch(() => undefined), timerMilliseconds(milliseconds)).unref();
  }
}
