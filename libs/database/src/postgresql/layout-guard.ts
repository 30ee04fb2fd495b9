import { type GuardedLayout, guardName, type LayoutGuardStatements, plainScript } from '../dialect/layout-guard.js';
import { driverErrorOf } from '../errors/driver-error.js';

const bound = `left("Key", 4) = 'kc2.'`;

const rules: Readonly<Record<GuardedLayout, string>> = {
  bound: `"Key" IS NULL OR ("DataKeyId" IS NULL) <> (${bound})`,
  boundOnly: `"Key" IS NULL OR ("DataKeyId" IS NOT NULL AND ${bound})`,
};

/** Check constraints that begin without a look at the rows, which would keep everybody out of the table meanwhile. */
export const postgresqlLayoutGuard: LayoutGuardStatements = {
  parts: (layout) => [
    {
      name: guardName(layout),
      create: `ALTER TABLE "UserKeys" ADD CONSTRAINT "${guardName(layout)}" CHECK (${rules[layout]}) NOT VALID`,
      drop: `ALTER TABLE "UserKeys" DROP CONSTRAINT IF EXISTS "${guardName(layout)}"`,
    },
  ],
  standing: `SELECT conname AS name FROM pg_constraint WHERE conrelid = to_regclass('"UserKeys"')`,
  shortWait: `SET LOCAL lock_timeout = '300ms'`,
  // Reads and writes go on beside it (SHARE UPDATE EXCLUSIVE).
  prove: (layout) => `ALTER TABLE "UserKeys" VALIDATE CONSTRAINT "${guardName(layout)}"`,
  // insufficient_privilege: it takes the owner of the table.
  isDenied: (error) => driverErrorOf(error)?.code === '42501',
  script: plainScript,
};
