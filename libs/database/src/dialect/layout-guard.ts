/** Layouts that the database itself can insist on, for every row of UserKeys that is written. */
export type GuardedLayout = 'bound' | 'boundOnly';

/** Both, in the order in which an upgrade goes through them. */
export const guardedLayouts: readonly GuardedLayout[] = ['bound', 'boundOnly'];

/** A constraint or a trigger on UserKeys. */
export interface GuardPart {
  readonly name: string;
  readonly create: string;
  readonly drop: string;
}

/**
 * How a product keeps classic software from writing: it knows one layout, and the column DataKeyId not at all.
 *
 * `bound`: DataKeyId is null exactly where Key is in the classic layout. `boundOnly`: it is not null, and Key is bound.
 * A row without a Key is nobody's and passes. Neither reads the rows that are there, whatever their number: see
 * `prove`.
 */
export interface LayoutGuardStatements {
  /** What makes the guard of a layout. */
  parts(layout: GuardedLayout): readonly GuardPart[];
  /** SQL that gives the `name` of each constraint or trigger on UserKeys that this login may see. */
  readonly standing: string;
  /**
   * Sent before each change, in its transaction: it waits shortly for the table, since whoever comes behind it waits
   * too.
   */
  readonly shortWait?: string;
  /** SQL that has the database look at every row, and keeps nobody out meanwhile; not every product can. */
  prove?(layout: GuardedLayout): string;
  /** Whether an error says that this login may not change the table. */
  isDenied(error: unknown): boolean;
  /** The statements for the database's own client, for an administrator to run. */
  script(statements: readonly string[]): string;
}

/** What a bound value begins with, as the guards have it in SQL. */
export const guardedPrefix = 'kc2.';

/** What a constraint is called, and what the name of a trigger begins with. */
export const guardName = (layout: GuardedLayout): string => `CK_UserKeys_Layout_${layout}`;

/** Statements as most clients take them. */
export const plainScript = (statements: readonly string[]): string => statements.map((text) => `${text};`).join('\n');
