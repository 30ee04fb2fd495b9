import type { Framework } from 'passport';

/** A strategy, as Passport runs it: it calls one of the actions on itself. */
interface Strategy {
  authenticate(request: object, options: object): unknown;
}

/** How an attempt went, as AuthGuard is told; a challenge is what the strategy refused with. */
type Settle = (error: unknown, user?: unknown, challenge?: unknown, status?: unknown) => void;

/** What AuthGuard waits for. */
interface Outcome {
  readonly settle: Settle;
  /** Lets the request in without a member. */
  readonly pass: () => void;
}

/** A copy of a strategy for one request. */
type Attempt = Strategy & { readonly outcome: Outcome };

/** What a strategy calls to say how it went: the same functions for every attempt, which they find by `this`. */
const actions = {
  success(this: Attempt, user: unknown, info?: unknown): void {
    this.outcome.settle(null, user, info);
  },
  fail(this: Attempt, challenge?: unknown, status?: number): void {
    if (typeof challenge === 'number') this.outcome.settle(null, false, undefined, challenge);
    else this.outcome.settle(null, false, challenge, status);
  },
  error(this: Attempt, error: unknown): void {
    this.outcome.settle(error);
  },
  pass(this: Attempt): void {
    this.outcome.pass();
  },
  redirect(): never {
    throw new Error('A strategy of this service redirects nobody: its clients bring a token.');
  },
};

const acting = new WeakMap<Strategy, object>();

/** A strategy with the actions. */
function withActions(strategy: Strategy): object {
  const known = acting.get(strategy);
  if (known !== undefined) return known;
  const made: object = Object.assign(Object.create(strategy) as object, actions);
  acting.set(strategy, made);
  return made;
}

/** Where Passport keeps strategies; it has no public name for it. */
interface Registry {
  _strategy(name: string): Strategy | undefined;
}

/**
 * How Passport runs behind guards of Nest on Fastify: one strategy by its name, without sessions, redirects and
 * Express' response. Its own way, for Express, assigns five functions to each attempt, and V8 allocates such functions
 * in the old heap: what they hold is collected late, and in pauses.
 *
 * @example
 * passport.framework(guardFramework);
 */
export const guardFramework: Framework = {
  initialize: () => (_request: unknown, _response: unknown, done: () => void) => {
    done();
  },
  authenticate(passport, name: string, options: object, settle: Settle) {
    const strategy = (passport as unknown as Registry)._strategy(name);
    if (strategy === undefined) throw new Error(`Unknown authentication strategy "${name}"`);
    return (request: object, _response: unknown, pass: () => void) => {
      const attempt = Object.create(withActions(strategy)) as Strategy;
      void Object.assign(attempt, { outcome: { settle, pass } }).authenticate(request, options);
    };
  },
};
