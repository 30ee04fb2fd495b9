import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './command.ts';
import { type Check, skip, verdict } from './outcome.ts';

const name = 'commit messages';

/** Every commit that this clone holds has a conventional message; a shallow clone holds few, an archive none. */
export const commits: Check = {
  name,
  run: async () => {
    if (!existsSync(join(root, '.git'))) return skip(name, 'this is no git clone');
    const { ok, output } = await run('commitlint', ['--to', 'HEAD']);
    return verdict(ok, output);
  },
};
