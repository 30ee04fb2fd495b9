import { describeSource, type Given } from './given.js';
import type { KnownSetting } from './known-setting.js';
import { fold, printable, settingName } from './names.js';
import { nearestName } from './nearest-name.js';
import type { Problem } from './problem.js';

/** A given value and the setting that its name means. */
export interface Match {
  readonly setting: KnownSetting;
  readonly given: Given;
  /** The value is the path of a file that holds the secret. */
  readonly byFile: boolean;
}

const fileSuffix = '_file';

/** Makes the function that finds the setting a name means, in any case and with `_FILE` behind a secret's name. */
export function nameMatcher(known: readonly KnownSetting[]): (given: Given) => Match | Problem {
  const byName = new Map(known.map((setting) => [fold(setting.path), setting]));

  return (given) => {
    const name = fold(given.path);
    const setting = byName.get(name);
    if (setting) return { setting, given, byFile: false };

    const secret = name.endsWith(fileSuffix) ? byName.get(name.slice(0, -fileSuffix.length)) : undefined;
    if (secret?.secret) return { setting: secret, given, byFile: true };

    const rule = secret ? 'is not a secret, so it cannot be given as a file' : whyUnknown(given.path, known);
    return { name: printable(given.path), rule, where: describeSource(given.source) };
  };
}

function whyUnknown(path: readonly string[], known: readonly KnownSetting[]): string {
  const name = fold(path);
  const paths = known.map((setting) => setting.path);
  const isGroup = name === '' || paths.some((candidate) => fold(candidate).startsWith(`${name}__`));
  if (isGroup) return 'is a group of settings and takes no value of its own';
  const open = known.find((setting) => setting.open && name.startsWith(`${fold(setting.path)}__`));
  if (open) return `belongs to a package, and ${settingName(open.path.with(-1, 'provider'))} does not name one`;
  return `is not a known setting; did you mean ${nearestName(path, paths)}?`;
}
