import { isPipe } from '@key-connector/common';
import type { Catalogue } from './catalogue.js';
import { checkSlice, isOneOf } from './check.js';
import { settingName } from './names.js';
import type { Resolved } from './resolve.js';
import { readSecretFiles } from './secret-files.js';
import { SettingsInvalid } from './settings.errors.js';
import type { SecretFiles } from './settings.js';
import type { SliceName, SliceOutputs } from './slices.js';

/** A value as it was given, and the path of its file where it was given by one. */
interface Kept {
  readonly given: Resolved;
  readonly read: Resolved;
}

/** The values that the settings were made of; nothing in it is printed. */
export class GivenSecrets implements SecretFiles {
  readonly #catalogue: Catalogue;
  readonly #values: readonly Kept[];

  /**
   * @param given the values that count, before their files were read.
   * @param read the same values behind it.
   */
  constructor(catalogue: Catalogue, given: readonly Resolved[], read: readonly Resolved[]) {
    this.#catalogue = catalogue;
    const bySetting = new Map(read.map((value) => [settingName(value.setting.path), value]));
    this.#values = given.flatMap((value) => {
      const found = bySetting.get(settingName(value.setting.path));
      return found === undefined ? [] : [{ given: value, read: found }];
    });
  }

  filesOf(slice: SliceName): readonly { readonly setting: string; readonly path: string }[] {
    return this.#of(slice)
      .filter(({ given }) => given.byFile)
      .map(({ given }) => ({ setting: settingName(given.setting.path), path: pathOf(given) }));
  }

  async readAgain<N extends SliceName>(slice: N): Promise<SliceOutputs[N]> {
    const values = this.#of(slice).map(async ({ given, read }) =>
      given.byFile && !(await isPipe(pathOf(given))) ? given : read,
    );
    const again = await readSecretFiles(await Promise.all(values));
    const known = this.#slice(slice);
    const broken = new Set(again.problems.map(({ name }) => name));
    const { output, wrong, further } = checkSlice(known, again.values, broken);
    const problems = [...again.problems, ...wrong, ...(broken.size > 0 ? [] : further)];
    if (problems.length > 0) throw new SettingsInvalid(problems);
    // Without problems, a slice gives the output of its schema.
    return output as SliceOutputs[N];
  }

  #slice(name: SliceName): Catalogue['slices'][number] {
    const found = this.#catalogue.slices.find((slice) => slice.name === name);
    if (found === undefined) throw new RangeError(`there is no slice ${name}`);
    return found;
  }

  #of(name: SliceName): readonly Kept[] {
    const isOwn = isOneOf(this.#slice(name).settings);
    return this.#values.filter(({ given }) => isOwn(given));
  }
}

const pathOf = ({ value }: Resolved): string => String(value).trim();
