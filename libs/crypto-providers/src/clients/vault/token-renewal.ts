import type { Secret } from '@key-connector/common';

/** A token of Vault, and for how long it may be used before it is renewed or replaced. */
export interface VaultLease {
  readonly token: Secret;
  /** Infinity: it does not end. 0: ask again for each call. */
  readonly seconds: number;
  readonly renewable: boolean;
}

/** Where the tokens come from. */
export interface VaultTokens {
  logIn(): Promise<VaultLease>;
  /** Asks for a longer life of a token; `undefined` where Vault refuses. */
  renew(token: Secret): Promise<VaultLease | undefined>;
}

/** Milliseconds of a clock that only goes forward. */
export type Clock = () => number;

interface Held extends VaultLease {
  readonly since: number;
  /** What its login gave: a renewal that gives far less means that the token nears its greatest age. */
  readonly granted: number;
}

/**
 * Keeps Vault's token good: it is renewed, or another login gives a new one, once a third of its life is left. There is
 * no timer: the first call after that time renews, and those that come meanwhile wait with it.
 */
export class TokenRenewal {
  private held: Held | undefined;
  private refreshing: Promise<Held> | undefined;

  constructor(
    private readonly tokens: VaultTokens,
    private readonly now: Clock,
  ) {}

  /** A token that is good for some time; callers that arrive together share one login. */
  async token(): Promise<Secret> {
    if (this.held !== undefined && this.isFresh(this.held)) return this.held.token;
    this.refreshing ??= this.refresh().finally(() => {
      this.refreshing = undefined;
    });
    this.held = await this.refreshing;
    return this.held.token;
  }

  /** Takes note that Vault refused this token: the next call logs in anew. */
  forget(token: Secret): void {
    // By its text: a renewal gives the same token again.
    if (this.held?.token.reveal() === token.reveal()) this.held = undefined;
  }

  private isFresh({ since, seconds }: Held): boolean {
    return seconds === Infinity || this.now() - since < (seconds * 1000 * 2) / 3;
  }

  private async refresh(): Promise<Held> {
    const since = this.now();
    const renewed = await this.renew();
    if (renewed !== undefined) return { ...renewed, since };
    const lease = await this.tokens.logIn();
    return { ...lease, granted: lease.seconds, since };
  }

  private async renew(): Promise<Omit<Held, 'since'> | undefined> {
    if (this.held?.renewable !== true) return undefined;
    const { token, granted } = this.held;
    const lease = await this.tokens.renew(token);
    return lease !== undefined && lease.seconds >= granted / 2 ? { ...lease, granted } : undefined;
  }
}
