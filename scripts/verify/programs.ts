import { run } from './command.ts';
import { type Check, verdict } from './outcome.ts';

/** Programs of the operating system that tests run: how to ask for the version, and the package on Debian. */
const needed = [
  { program: 'openssl', ask: 'version', debian: 'openssl' },
  { program: 'setpriv', ask: '--version', debian: 'util-linux' },
  { program: 'script', ask: '--version', debian: 'bsdutils' },
];

/** What the tests need of the operating system is there; scripts/tools has installed it where that is possible. */
export const programs: Check = {
  name: 'test programs',
  run: async () => {
    // On other systems the tests that need them say so and are skipped, but for openssl.
    const wanted = process.platform === 'linux' ? needed : needed.slice(0, 1);
    const found = await Promise.all(wanted.map(async ({ program, ask }) => (await run(program, [ask])).ok));
    const missing = wanted.filter((_, index) => found[index] === false).map(({ debian }) => debian);
    return verdict(missing.length === 0, `Missing on this machine: sudo apt-get install ${missing.join(' ')}`);
  },
};
