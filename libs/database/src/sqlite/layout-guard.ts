import {
  type GuardedLayout,
  guardName,
  type GuardPart,
  type LayoutGuardStatements,
  plainScript,
} from '../dialect/layout-guard.js';

const bound = `substr(NEW."Key", 1, 4) = 'kc2.'`;

const rules: Readonly<Record<GuardedLayout, string>> = {
  bound: `NEW."Key" IS NULL OR (NEW."DataKeyId" IS NULL) <> (${bound})`,
  boundOnly: `NEW."Key" IS NULL OR (NEW."DataKeyId" IS NOT NULL AND ${bound})`,
};

/** Triggers: SQLite adds no constraint to a table that is there. */
export const sqliteLayoutGuard: LayoutGuardStatements = {
  parts: (layout) => [part(layout, 'UPDATE', 'UPDATE OF "Key", "DataKeyId"'), part(layout, 'INSERT', 'INSERT')],
  standing: `SELECT "name" FROM sqlite_schema WHERE "type" = 'trigger'`,
  isDenied: () => false,
  script: plainScript,
};

function part(layout: GuardedLayout, event: string, on: string): GuardPart {
  const name = `${guardName(layout)}_${event}`;
  const told = `UserKeys takes values of the layout ${layout} alone: software that writes classic ones must be stopped.`;
  return {
    name,
    create: `CREATE TRIGGER "${name}" BEFORE ${on} ON "UserKeys" WHEN NOT (${rules[layout]}) BEGIN SELECT RAISE(ABORT, '${told}'); END`,
    drop: `DROP TRIGGER IF EXISTS "${name}"`,
  };
}
