import pg from 'pg';
import { type SessionFault, SessionFaults } from '../dialect/session.js';
import { leadsTo, parametersOf, schemasOf } from './search-path.js';
import type { Tables } from './user-key.statements.js';

/** A parameter as the view pg_settings has it: values in the parameter's own unit. */
interface Parameter {
  readonly setting: string;
  /**
   * Who set it: `client` or `session` for us and for poolers, `user` for a role, `database`, `configuration file`, …
   */
  readonly source: string;
}

/** What a session says of itself. */
interface Answer {
  /** The first schema of its search path that is there and may be used: new tables go there. */
  readonly schema: string | null;
  /** The schema of the table that `"UserKeys"` means in the session; none before it is made. */
  readonly members: string | null;
  /** The same for the tables that only this service makes. */
  readonly ours: string | null;
  readonly database: string;
  readonly user: string;
  /** The server's process that runs the session. */
  readonly process: number;
  /** Schemas that Search Path names, and on which this login has no USAGE. */
  readonly denied: readonly string[];
  readonly parameters: Readonly<Record<string, Parameter>>;
}

type Query = <Row>(text: string, values: readonly unknown[]) => Promise<readonly Row[]>;

/** Cheap enough for every ping. */
export const placeColumns = `current_schema() AS "schema", current_database() AS "database",
    ${schemaOf('UserKeys')} AS "members", ${schemaOf('RingManifests')} AS "ours"`;

function schemaOf(table: string): string {
  return `(SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE pg_class.oid = to_regclass('"${table}"'))`;
}

const question = `
  SELECT ${placeColumns}, current_user AS "user", pg_backend_pid() AS "process",
    ARRAY(SELECT nspname::text FROM pg_namespace WHERE nspname = ANY($1) AND NOT has_schema_privilege(oid, 'USAGE')) AS "denied",
    (SELECT json_object_agg(lower(name), json_build_object('setting', setting, 'source', source))
     FROM pg_settings WHERE lower(name) = ANY($2)) AS "parameters"`;

/** Where a session reads rows. */
export type Place = Pick<Answer, 'schema' | 'members' | 'ours' | 'database'>;

/**
 * Asks sessions of PostgreSQL what they are. Poolers give a connection several sessions, drop parameters of the startup
 * message, or keep none of them; roles and databases preset them.
 */
export class PostgresqlSessions {
  private readonly faults: SessionFaults;
  private first: Pick<Place, 'schema' | 'ours' | 'database'> | undefined;
  private behindPooler = false;

  constructor(
    description: string,
    private readonly database: string,
  ) {
    this.faults = new SessionFaults(description);
  }

  /**
   * Tables by their full names, as the first session had them: a classic deployment's may stand in a later schema than
   * ours.
   */
  get tables(): Tables {
    const named = (schema: string | null | undefined, table: string): string =>
      schema == null ? table : `${pg.escapeIdentifier(schema)}.${table}`;
    return {
      members: named(this.first?.schema, '"UserKeys"'),
      history: named(this.first?.ours, '"UserKeyHistory"'),
      manifests: named(this.first?.ours, '"RingManifests"'),
    };
  }

  /**
   * Whether each connection has had a session of its own so far, in which a statement can be prepared. A pooler that
   * shares sessions tells the connection of another process than runs them, or of none: it has cancellation for itself.
   */
  get areOwn(): boolean {
    return !this.behindPooler;
  }

  /** From now on statements are not prepared: one that was, was not found. */
  areShared(): void {
    this.behindPooler = true;
  }

  /**
   * Asks one session everything, in one round trip; `process` is what its connection was told of at the login.
   *
   * @throws DatabaseSessionWrong when rows are read elsewhere than was asked for, or than in the first session.
   */
  async ask(query: Query, asked: pg.PoolConfig, process: number | null): Promise<void> {
    const given = parametersOf(asked.options ?? '');
    const names = ['search_path', 'statement_timeout', 'datestyle', 'default_transaction_read_only', ...given.keys()];
    const [answer] = await query<Answer>(question, [schemasOf(given.get('search_path') ?? ''), names]);
    if (answer === undefined) return;
    if (answer.process !== process) this.areShared();
    this.faults.hear([...placeFaults(answer, given), ...readOnlyFaults(answer), ...limitFaults(answer, asked, given)]);
    this.look(answer);
  }

  /** Compares where a session reads with where the first one did. @throws DatabaseSessionWrong when it is elsewhere. */
  look(place: Place): void {
    const { database } = place;
    const schema = place.members ?? place.schema;
    if (this.first === undefined) {
      // Made by the same migration, in the schema where new tables go.
      this.first = { schema, ours: place.ours ?? place.schema, database };
      if (database !== this.database) this.faults.hear([alias(this.database, database)]);
    } else if (schema !== this.first.schema || database !== this.first.database) {
      this.faults.hear([moved(whereIs(this.first.schema, this.first.database), whereIs(schema, database))]);
    }
  }
}

/** Where members are looked for, and new tables made. */
function placeFaults(answer: Answer, given: ReadonlyMap<string, string>): SessionFault[] {
  const asked = given.get('search_path');
  const path = answer.parameters['search_path']?.setting ?? '';
  const where = answer.members ?? answer.schema;
  const fault = (problem: string, decisive = true): SessionFault[] => [{ about: 'search path', decisive, problem }];
  if (asked === undefined) {
    if (where !== null) return [];
    return fault(
      `No schema of the search path (${path}) is there and may be used by this login. ` +
        'Create one and grant USAGE on it, or name another by Search Path in the connection string.',
    );
  }
  const names = schemasOf(asked);
  if (schemasOf(path).join('\n') !== names.join('\n')) {
    if (leadsTo(where, names, answer.user)) {
      return fault(`its search path is ${path}, and Search Path says ${asked}.`, false);
    }
    return fault(
      `Search Path=${asked} was not taken: the session’s search path is ${path}, so members would be looked for in ` +
        `${named(where)}. A pooler drops it, or replaces it. Set it for the role, ` +
        `ALTER ROLE … SET search_path = ${asked}, and let the pooler open its connections anew (PgBouncer: RECONNECT).`,
    );
  }
  // Tables that are there may stand in a later schema; new ones go into the first.
  const denied = answer.denied.some((name) => names.indexOf(name) < names.indexOf(where ?? ''));
  if (answer.members === null ? leadsTo(where, names, answer.user) : !denied) return [];
  return fault(
    `Search Path=${asked} begins with a schema that is not there, or on which this login has no USAGE, so members would be ` +
      `looked for in ${named(where)}. Create it, grant USAGE on it, or take it out of Search Path.`,
  );
}

/** A server or a database that takes no writes for now still gives keys; a login that never may write is a mistake. */
function readOnlyFaults({ parameters }: Answer): SessionFault[] {
  const { setting, source = '' } = parameters['default_transaction_read_only'] ?? {};
  if (setting !== 'on' || !/^(user|database user|client|session)$/.test(source)) return [];
  const problem =
    'Sessions of this login are read-only (default_transaction_read_only, set for the role, in Options or by a pooler), so no ' +
    'key could be stored. ALTER ROLE … RESET default_transaction_read_only, or take it out where it is set.';
  return [{ about: 'read-only', decisive: true, problem }];
}

function limitFaults({ parameters }: Answer, asked: pg.PoolConfig, given: ReadonlyMap<string, string>): SessionFault[] {
  const faults: SessionFault[] = [];
  const fault = (about: string, problem: string): void => void faults.push({ about, decisive: false, problem });
  const limit = Number(parameters['statement_timeout']?.setting ?? 0);
  const wanted = Number(asked.statement_timeout ?? 0);
  if (wanted > 0 && (limit === 0 || limit > wanted)) {
    fault(
      'statement_timeout',
      `its statement_timeout is ${limit === 0 ? 'none' : `${limit} ms`}, not ${wanted} ms: a statement is given up here at that time, ` +
        `and may run on at the server. ALTER ROLE … SET statement_timeout = ${wanted}.`,
    );
  }
  const style = parameters['datestyle']?.setting ?? 'ISO';
  if (!style.startsWith('ISO')) {
    fault('DateStyle', `its DateStyle is ${style}, not ISO. ALTER ROLE … SET DateStyle = ISO.`);
  }
  for (const [name, value] of given) {
    const { setting, source } = parameters[name] ?? {};
    // The view has no parameters that nobody has defined, such as `app.tenant`.
    if (name === 'search_path' || source === undefined || setting === value || /^(client|session)$/.test(source))
      continue;
    fault(name, `${name} from Options was not taken. ALTER ROLE … SET ${name} = ${value}.`);
  }
  return faults;
}

const alias = (asked: string, got: string): SessionFault => ({
  about: 'database',
  decisive: false,
  problem: `Database=${asked} leads to the database "${got}". Where a pooler has such names, all is well.`,
});

const moved = (first: string, now: string): SessionFault => ({
  about: 'place',
  decisive: true,
  problem:
    `A session reads members in ${now}, the first one read them in ${first}. A role’s search_path, a schema or a pooler was ` +
    'changed while this service ran: undo it, or restart the service.',
});

const named = (schema: string | null): string => (schema === null ? 'no schema at all' : `the schema "${schema}"`);

const whereIs = (schema: string | null, database: string): string => `${named(schema)} of the database "${database}"`;
