import { type GuardedLayout, guardName, type LayoutGuardStatements, plainScript } from '../dialect/layout-guard.js';
import { driverErrorOf } from '../errors/driver-error.js';

const prefix = `LEFT([Key], 4)`;

const rules: Readonly<Record<GuardedLayout, string>> = {
  bound: `[Key] IS NULL OR ([DataKeyId] IS NULL AND ${prefix} <> N'kc2.') OR ([DataKeyId] IS NOT NULL AND ${prefix} = N'kc2.')`,
  boundOnly: `[Key] IS NULL OR ([DataKeyId] IS NOT NULL AND ${prefix} = N'kc2.')`,
};

/**
 * Check constraints without a look at the rows: that look keeps everybody out of the table. The command counts the rows
 * itself, so nothing is lost but that the optimizer does not rely on the constraint.
 */
export const sqlserverLayoutGuard: LayoutGuardStatements = {
  parts: (layout) => [
    {
      name: guardName(layout),
      create: `ALTER TABLE [UserKeys] WITH NOCHECK ADD CONSTRAINT [${guardName(layout)}] CHECK (${rules[layout]})`,
      drop: `ALTER TABLE [UserKeys] DROP CONSTRAINT [${guardName(layout)}]`,
    },
  ],
  standing: 'SELECT [CONSTRAINT_NAME] AS [name] FROM [INFORMATION_SCHEMA].[CHECK_CONSTRAINTS]',
  shortWait: 'SET LOCK_TIMEOUT 300',
  // No such table, or no right on it, in three statements' words; permission denied.
  isDenied: (error) => /^(1088|4902|3701|229|262)$/.test(driverErrorOf(error)?.code ?? ''),
  script: plainScript,
};
