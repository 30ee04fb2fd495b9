import { beforeAll, describe, expect, it } from '@jest/globals';
import { DeadlineKeyEncryptionKey } from '../contract/deadline.js';
import type { ChosenModule } from '../providers/package/chosen-module.js';
import type { KeyProviderModule } from '../contract/key-provider-module.js';
import { checkedModule, type LoadedModule } from '../providers/package/load-module.js';
import { moduleSettingsSchema } from '../providers/package/package.settings.js';
import { descriptionOf, isSecret } from '../providers/package/settings-fields.js';
import { describeKeyEncryptionKey } from './key-encryption-key.suite.js';
import { rejection } from './rejection.js';

/** Settings as an operator gives them: text, or texts where the schema takes a list. */
export type GivenText = Readonly<Record<string, string | readonly string[]>>;

/** What the suite needs to try a package. */
export interface KeyProviderModuleFixture {
  /** Settings of a key that is there. */
  readonly settings: GivenText;
  /** Settings of another key. */
  readonly otherSettings: GivenText;
  /** Settings that name a provider which does not answer, where one can be away. */
  readonly awaySettings?: GivenText;
  /** Settings that the schema accepts and that only an operator can mend: a wrong PIN, a key that is not there. */
  readonly wrongSettings: GivenText;
  /** The id that the key must have, where it is known by other means. */
  readonly id?: string;
  /** A classic deployment's wrapping of `dataKey` under the key. */
  readonly classic?: { readonly ciphertext: Uint8Array; readonly dataKey: Uint8Array };
}

/** The guarantees of a package that brings a key provider, tried through all that the service puts around it. */
export function describeKeyProviderModule<Settings>(
  name: string,
  provider: KeyProviderModule<Settings>,
  prepare: () => Promise<KeyProviderModuleFixture>,
): void {
  let prepared: Promise<KeyProviderModuleFixture> | undefined;
  const fixtureOnce = (): Promise<KeyProviderModuleFixture> => (prepared ??= prepare());
  // The service knows the settings of a package as `unknown` too.
  const load = (): LoadedModule => checkedModule(name, provider);
  const choose = (settings: GivenText): ChosenModule => moduleSettingsSchema(load()).parse(settings);
  const open = async (settings: GivenText): Promise<DeadlineKeyEncryptionKey> => {
    const key = await choose(settings).open({ recordedKeyReferences: [], timeoutSeconds: 15 });
    return new DeadlineKeyEncryptionKey(key, 15);
  };
  const secretsOf = (settings: GivenText): string[] =>
    Object.entries(settings).flatMap(([setting, value]) => (isSecret(load().fields[setting]) ? value : []));

  describe(`the package ${name}`, () => {
    let fixture: KeyProviderModuleFixture;
    beforeAll(async () => {
      fixture = await fixtureOnce();
    });

    it('describes every setting', () => {
      const undescribed = Object.entries(load().fields).filter(([, field]) => descriptionOf(field) === '');
      expect(undescribed.map(([setting]) => setting)).toEqual([]);
    });

    it('names the key that its settings mean, without a secret', () => {
      const { description } = choose(fixture.settings);
      expect(secretsOf(fixture.settings).filter((secret) => description.includes(secret))).toEqual([]);
    });

    it('says that a provider which is away is unavailable, so that the service tries again', async () => {
      if (fixture.awaySettings === undefined) return;
      const error = await rejection(open(fixture.awaySettings));
      expect(error).toMatchObject({ code: 'KEY_PROVIDER_UNAVAILABLE' });
      expect(secretsOf(fixture.awaySettings).filter((secret) => error.message.includes(secret))).toEqual([]);
    });

    it('says that settings are wrong which only an operator can mend, in words of its own', async () => {
      const error = await rejection(open(fixture.wrongSettings));
      expect(error).toMatchObject({ code: 'KEY_PROVIDER_MISCONFIGURED' });
      expect(error.message).not.toContain('does not declare');
      expect(secretsOf(fixture.wrongSettings).filter((secret) => error.message.includes(secret))).toEqual([]);
    });
  });

  describeKeyEncryptionKey(name, async () => {
    const { settings, otherSettings, id, classic } = await fixtureOnce();
    return {
      open: () => open(settings),
      openOther: () => open(otherSettings),
      secrets: [...secretsOf(settings), ...secretsOf(otherSettings)],
      ...(id !== undefined && { id }),
      ...(classic !== undefined && { classic }),
    };
  });
}
