import type { Framework } from 'passport';

/** A strategy, as Passport runs it: it calls one of the actions on itself. */
interface Strategy {
  authenticate(request: object, options: object): unknown;
}

/** How an attempt went, as AuthGuard is told; a challenge is what the strategy refused with. */
type Settle = (error: unknown, user?: unknown, info?: unknown, status?: unknown) => void;

/** A request that is held against one strategy after the other, until one decides. */
interface Attempt {
  readonly request: object;
  readonly options: object;
  /** Those that have not been asked. */
  readonly left: Strategy[];
  /** Whether several were asked for: then challenges and statuses are lists. */
  readonly several: boolean;
  readonly challenges: unknown[];
  readonly statuses: unknown[];
  readonly settle: Settle;
  /** Lets the request in without a member. */
  readonly pass: () => void;
}

/** A copy of a strategy for one attempt. */
type Attempting = Strategy & { readonly attempt: Attempt };

/** What a strategy calls to say how it went. They are the same functions for every attempt, which they find by `this`. */
const actions = {
  success(this: Attempting, user: unknown, info?: unknown): void {
    this.attempt.settle(null, user, info);
  },
  fail(this: Attempting, challenge?: unknown, status?: number): void {
    const { attempt } = this;
    const isStatus = typeof challenge === 'number';
    attempt.challenges.push(isStatus ? undefined : challenge);
    attempt.statuses.push(isStatus ? challenge : status);
    next(attempt);
  },
  error(this: Attempting, error: unknown): void {
    this.attempt.settle(error);
  },
  pass(this: Attempting): void {
    this.attempt.pass();
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

function next(attempt: Attempt): void {
  const { challenges, statuses, several, settle, request, options } = attempt;
  const strategy = attempt.left.shift();
  if (strategy === undefined) {
    if (several) settle(null, false, challenges, statuses);
    else settle(null, false, challenges[0], statuses[0]);
    return;
  }
  const attempting = Object.assign(Object.create(withActions(strategy)) as Strategy, { attempt });
  void attempting.authenticate(request, options);
}

/** Where Passport keeps strategies; it has no public name for it. */
interface Registry {
  _strategy(name: string): Strategy | undefined;
}

/**
 * How Passport runs behind guards of Nest on Fastify: without sessions, redirects and Express' response. Its own way,
 * for Express, assigns five functions to each attempt, and V8 allocates such functions in the old heap: what they hold
 * is collected late, and in pauses.
 *
 * @example
 * passport.framework(guardFramework);
 */
export const guardFramework: Framework = {
  initialize: () => (_request: unknown, _response: unknown, done: () => void) => {
    done();
  },
  authenticate(passport, name: string | readonly string[], options: object, settle: Settle) {
    const strategies = [name].flat().map((one) => {
      const strategy = (passport as unknown as Registry)._strategy(one);
      if (strategy === undefined) throw new Error(`Unknown authentication strategy "${one}"`);
      return strategy;
    });
    return (request: object, _response: unknown, pass: () => void) => {
      const several = typeof name !== 'string';
      next({ request, options, left: [...strategies], several, challenges: [], statuses: [], settle, pass });
    };
  },
};
