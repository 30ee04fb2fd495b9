/**
 * The exit code of each kind of failure; 0 is success. Scripts rely on them: add, never change. docs/cli.md has the
 * table.
 */
export const exitCodes = {
  failed: 1,
  usage: 2,
  settings: 3,
  database: 4,
  'key provider': 5,
  refused: 6,
  damaged: 7,
  'problems found': 8,
  /** 128 and the number of SIGINT, as shells have it. */
  interrupted: 130,
} as const;

/** What kind of failure ended a command. */
export type FailureKind = keyof typeof exitCodes;
