import { readSmallText } from '@key-connector/common';
import { InvalidArgumentError } from 'commander';
import type { Questions } from '../terminal/questions.js';

/** What a first configuration must know. */
export interface Answers {
  readonly webVault: string;
  readonly identity: string;
  readonly database: DatabaseKind;
  /** Undefined for SQLite, whose file lies in the folder. */
  readonly connectionString: string | undefined;
  readonly key: KeyAnswer;
}

/** The key that wraps the data keys: made here, in a PKCS#12 or PEM file that is there, or what `--set` says of it. */
export type KeyAnswer =
  | { readonly kind: 'made' | 'elsewhere' }
  | { readonly kind: 'file'; readonly path: string; readonly password: string | undefined };

export const databaseKinds = ['sqlite', 'postgresql', 'mysql', 'sqlserver'] as const;
export type DatabaseKind = (typeof databaseKinds)[number];

/** What was given on the line; what is missing is asked. */
export interface Given {
  readonly webVault?: string;
  readonly identity?: string;
  readonly database?: DatabaseKind;
  readonly connectionStringFile?: string;
  readonly certificate?: string;
  readonly certificatePasswordFile?: string;
  readonly makeCertificate?: boolean;
  /** Whether settings that were given by name choose another key provider. */
  readonly isKeyElsewhere: boolean;
}

const limits = { maxBytes: 64 * 1024, seconds: 10 };
const secretIn = async (path: string): Promise<string> => (await readSmallText(path, limits)).replace(/\r?\n$/, '');

/** The answers, from the line or from the person at the terminal. */
export async function answersOf(given: Given, questions: Questions): Promise<Answers> {
  const webVault =
    given.webVault ??
    (await questions.text({
      message: 'Where do members open the web vault?',
      instead: '--web-vault <url>',
      check: isUrl,
    }));
  const suggested = `${webVault.replace(/\/$/, '')}/identity`;
  const identity =
    given.identity ??
    (await questions.text({
      message: 'Where is the identity server, as seen from this service?',
      instead: '--identity <url>',
      suggested,
      check: isUrl,
    }));
  const database = given.database ?? (await questions.choice({ ...databaseQuestion, choices: databaseChoices }));
  const connectionString = database === 'sqlite' ? undefined : await connectionStringOf(given, questions);
  return { webVault, identity, database, connectionString, key: await keyOf(given, questions) };
}

const databaseQuestion = { message: 'Where are members’ keys kept?', instead: `--database ${databaseKinds.join('|')}` };
const databaseChoices: readonly { readonly value: DatabaseKind; readonly name: string }[] = [
  { value: 'postgresql', name: 'PostgreSQL' },
  { value: 'mysql', name: 'MySQL or MariaDB' },
  { value: 'sqlserver', name: 'SQL Server' },
  { value: 'sqlite', name: 'SQLite: one replica, some hundreds of members' },
];

const connectionStringOf = ({ connectionStringFile }: Given, questions: Questions): Promise<string> =>
  connectionStringFile === undefined
    ? questions.secret({
        message: 'Connection string or URL of the database, with its password:',
        instead: '--connection-string-file <path>',
      })
    : secretIn(connectionStringFile);

async function keyOf(given: Given, questions: Questions): Promise<KeyAnswer> {
  if (given.isKeyElsewhere) return { kind: 'elsewhere' };
  if (given.makeCertificate === true) return { kind: 'made' };
  if (given.certificate === undefined) {
    const isMade = await questions.yesOrNo({
      message: 'Make a certificate, whose key wraps the data keys?',
      instead: '--make-certificate, or --certificate <path>',
      suggested: true,
    });
    if (isMade) return { kind: 'made' };
  }
  const instead = '--certificate <path>';
  const path = given.certificate ?? (await questions.text({ message: 'Path of the PKCS#12 or PEM file:', instead }));
  const { certificatePasswordFile: file } = given;
  if (file !== undefined) return { kind: 'file', path, password: await secretIn(file) };
  if (!questions.canAsk) return { kind: 'file', path, password: undefined };
  const password = await questions.secret({
    message: 'Its password; nothing where it has none:',
    instead: '--certificate-password-file <path>',
  });
  return { kind: 'file', path, password: password === '' ? undefined : password };
}

function isUrl(given: string): true | string {
  return /^https?:\/\/[^\s/]/.test(given) && URL.canParse(given)
    ? true
    : 'It is an address such as https://vault.example.com';
}

/** For an option of the line. */
export function urlOption(given: string): string {
  const checked = isUrl(given);
  if (checked !== true) throw new InvalidArgumentError(checked);
  return given;
}
