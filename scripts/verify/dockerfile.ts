import { installedTool } from '../../test/lab/packages/tools.ts';
import { run } from './command.ts';
import { type Check, skip, verdict } from './outcome.ts';

const name = 'Dockerfile';

/** The Dockerfile keeps to the rules of hadolint; one that is left out says so in its place. */
export const dockerfile: Check = {
  name,
  run: async () => {
    // Not before: the first check of a fresh clone installs it.
    const hadolint = installedTool('hadolint');
    if (!hadolint.installed) return skip(name, hadolint.reason);
    const { ok, output } = await run(hadolint.file('bin/hadolint'), ['Dockerfile']);
    return verdict(ok, output);
  },
};
