import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import passport, { type Framework, Strategy } from 'passport';
import { guardFramework } from './passport-framework.js';

/** Passport's actions, which a strategy has while it runs. */
interface Actions {
  success(user: unknown, info?: unknown): void;
  fail(challenge?: unknown, status?: number): void;
  error(error: unknown): void;
  pass(): void;
  redirect(url: string): void;
}

/** A request that says what its strategy is to do. */
type Request = Readonly<Record<string, (actions: Actions) => void>>;

/** Does what the request says under the strategy's name. */
class Obedient extends Strategy {
  constructor(override readonly name: string) {
    super();
  }

  override authenticate(request: unknown): void {
    (request as Request)[this.name]?.(this);
  }
}

/** Runs a request as AuthGuard does, and gives what AuthGuard is told. */
function run(framework: Framework | undefined, name: string, request: Request): Promise<unknown[]> {
  const instance = new passport.Passport();
  if (framework !== undefined) instance.framework(framework);
  instance.use(new Obedient('token'));
  return new Promise((resolve) => {
    const told = (...what: unknown[]): void => {
      resolve(what);
    };
    const handle = instance.authenticate(name, { session: false }, told) as (...given: unknown[]) => void;
    handle(request, {}, () => {
      resolve(['passed on']);
    });
  });
}

const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};

it.each(['passport', 'passport-jwt'])(
  '%s, which is reached into or given what its types do not know, is pinned',
  (name) => {
    expect(dependencies[name]).toMatch(/^\d+\.\d+\.\d+$/);
  },
);

const wrong = new Error('wrong');
const refuse = (challenge: unknown, status?: number) => (actions: Actions) => {
  actions.fail(challenge, status);
};

describe.each<[string, Framework | undefined]>([
  ['Passport in its own framework', undefined],
  ['Passport in ours', guardFramework],
])('%s', (_, framework) => {
  it.each<[string, Request, unknown[]]>([
    [
      'whom a strategy lets in',
      {
        token: (actions) => {
          actions.success({ id: 1 }, 'info');
        },
      },
      [null, { id: 1 }, 'info'],
    ],
    ['why one refuses', { token: refuse(wrong) }, [null, false, wrong, undefined]],
    ['with which status', { token: refuse('Bearer', 403) }, [null, false, 'Bearer', 403]],
    ['with nothing but a status', { token: refuse(400) }, [null, false, undefined, 400]],
    [
      'what broke',
      {
        token: (actions) => {
          actions.error(wrong);
        },
      },
      [wrong],
    ],
    [
      'nothing, when one passes the request on',
      {
        token: (actions) => {
          actions.pass();
        },
      },
      ['passed on'],
    ],
  ])('tells %s', async (_what, request, told) => {
    expect(await run(framework, 'token', request)).toEqual(told);
  });
});

describe('Passport in our framework', () => {
  it('keeps requests apart that are with one strategy at a time', async () => {
    const waiting: Actions[] = [];
    const wait = { token: (actions: Actions) => void waiting.push(actions) };
    const instance = new passport.Passport();
    instance.framework(guardFramework);
    instance.use(new Obedient('token'));
    const answers = ['first', 'second'].map(
      (name) =>
        new Promise((resolve) => {
          const handle = instance.authenticate('token', {}, (_error: unknown, user: unknown) => {
            resolve([name, user]);
          }) as (...given: unknown[]) => void;
          handle(wait, {}, () => undefined);
        }),
    );
    waiting[1]?.success('2');
    waiting[0]?.success('1');
    expect(await Promise.all(answers)).toEqual([
      ['first', '1'],
      ['second', '2'],
    ]);
  });

  it('refuses a strategy that it does not know, and one that redirects', async () => {
    await expect(run(guardFramework, 'nobody', {})).rejects.toThrow('Unknown authentication strategy "nobody"');
    const redirect: Request = {
      token: (actions) => {
        actions.redirect('https://example.com');
      },
    };
    await expect(run(guardFramework, 'token', redirect)).rejects.toThrow('redirects nobody');
  });
});
