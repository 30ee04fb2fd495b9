import { stat } from 'node:fs/promises';
import { messageOf } from '@key-connector/common';
import { printSettings } from '@key-connector/settings';
import { type Check, type Finding, ok, problem, warning } from '../check.js';

/** Reading and writing by users who are neither the owner nor in the group (POSIX). */
const othersRead = 0o004;
const othersWrite = 0o002;

/** The files that hold secrets: who else can read them, and who can change them. */
export const filesCheck: Check = {
  name: 'files',
  async run({ envFiles }) {
    const { settings } = await printSettings(undefined, envFiles);
    const secrets = settings.filter(({ value }) => value === '***');
    const files = new Set(secrets.flatMap(({ file, from }) => file ?? /^(\/.*), line \d+/.exec(from)?.[1] ?? []));
    const found = (await Promise.all([...files].map(lookAt))).flat();
    return found.length > 0 ? found : [ok(`Files with secrets: ${files.size}, and no stranger can read them.`)];
  },
};

async function lookAt(file: string): Promise<Finding[]> {
  try {
    const { mode } = await stat(file);
    if ((mode & othersWrite) !== 0)
      return [problem(`Every user of this machine can change ${file}.`, `chmod 600 ${file}`)];
    return (mode & othersRead) === 0
      ? []
      : [warning(`Every user of this machine can read the secret in ${file}.`, `chmod o-r ${file}`)];
  } catch (error) {
    return [problem(`${file} cannot be looked at (${messageOf(error)}).`)];
  }
}
