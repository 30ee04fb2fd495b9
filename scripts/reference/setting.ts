import { z } from 'zod';

/** A known setting, as `@key-connector/settings` lists it. */
export interface Setting {
  readonly path: readonly string[];
  readonly field: z.ZodType;
  readonly description: string;
  readonly secret: boolean;
  readonly list: boolean;
  /** A branch whose settings a package brings. */
  readonly open: boolean;
  readonly default: unknown;
}

/** The part of a JSON schema that a setting's field makes. */
export interface FieldSchema {
  readonly title?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly FieldSchema[];
  readonly [keyword: string]: unknown;
}

/** What is said of a setting elsewhere. */
const notOfTheField = new Set(['$schema', 'description', 'secret']);

/** The JSON schema of what a setting takes. */
export function fieldSchema({ field }: Setting): FieldSchema {
  const schema = z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' });
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !notOfTheField.has(keyword)));
}

/** What a setting takes, in words. */
export function ruleOf(setting: Setting): string {
  return inWords(fieldSchema(setting));
}

function inWords({ title, type, enum: words, format, minimum, maximum, anyOf }: FieldSchema): string {
  if (title !== undefined) return `\`${title}\``;
  if (anyOf !== undefined) return anyOf.map(inWords).join(' or ');
  if (words !== undefined) return words.map((word) => `\`${word}\``).join(', ');
  if (format === 'uri') return 'http(s) URI';
  if (type === 'integer')
    return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
      ? `whole number, from ${minimum ?? 0}`
      : `whole number, ${minimum ?? ''} to ${maximum}`;
  if (type === 'boolean') return '`true`, `false`';
  if (type === 'object') return 'what the package says';
  return type === 'array' ? 'list' : 'text';
}
