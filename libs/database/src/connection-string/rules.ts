import { z } from 'zod';
import { choice, flag, integer, Secret, text } from '@key-connector/common';

type Rule<T> = z.ZodType<T>;

/** Field rules shared by the connection strings of all databases; they are not part of the settings reference. */
export const required = (): Rule<string> => text('');
export const name = (): Rule<string | undefined> => text('').optional();
export const password = (): Rule<Secret | undefined> =>
  z
    .string()
    .transform((given) => new Secret(given))
    .optional();
export const port = (): Rule<number | undefined> => integer('', { min: 1, max: 65_535 }).optional();
export const poolSize = (): Rule<number | undefined> => integer('', { min: 1, max: 1024 }).optional();
export const yesNo = (): Rule<boolean | undefined> => flag('').optional();
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T): Rule<T[number] | undefined> =>
  choice('', values).optional();

/** ADO.NET's 0 means "no limit", which nothing here has: the limit is then the one of the settings. */
export const seconds = (): Rule<number | undefined> =>
  integer('', { min: 0, max: 86_400 })
    .optional()
    .transform((value) => (value === 0 ? undefined : value));

/** A key of which only what happens here anyway is taken; `why` says what to do instead of the rest. */
export const only = (values: readonly [string, ...string[]], why: string): Rule<string | undefined> =>
  z
    .string()
    .refine((value) => values.some((known) => known.toLowerCase() === value.toLowerCase()), {
      error: `must be ${values.join(' or ')}: ${why}`,
    })
    .optional();

/** A word that drivers, programs and hosting providers spell in their own ways, read as the driver's own. */
export const spelled = <T>(words: Readonly<Record<string, string>>, rule: Rule<T>): Rule<T> =>
  z.preprocess((value) => {
    const plain = typeof value === 'string' ? value.replaceAll(/[\s_-]/g, '') : value;
    return typeof plain === 'string' ? (words[plain.toLowerCase()] ?? plain) : plain;
  }, rule);

/** A key whose `true` asks for what nothing here does; `false` is what happens anyway. */
export const never = (why: string): Rule<boolean | undefined> =>
  flag('')
    .refine((value) => !value, { error: `must not be true: ${why}` })
    .optional();
