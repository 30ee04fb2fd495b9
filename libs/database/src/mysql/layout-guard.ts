import { type GuardedLayout, guardName, type GuardPart, type LayoutGuardStatements } from '../dialect/layout-guard.js';
import { driverErrorOf } from '../errors/driver-error.js';

// As bytes: a column's collation may take letters of either case for the same.
const bound = `CAST(LEFT(NEW.\`Key\`, 4) AS BINARY) = CAST('kc2.' AS BINARY)`;

const rules: Readonly<Record<GuardedLayout, string>> = {
  bound: `NEW.\`Key\` IS NULL OR (NEW.\`DataKeyId\` IS NULL) <> (${bound})`,
  boundOnly: `NEW.\`Key\` IS NULL OR (NEW.\`DataKeyId\` IS NOT NULL AND ${bound})`,
};

/** What touches neither column, such as an access date, passes whatever stands there. */
const unchanged = 'NEW.`Key` <=> OLD.`Key` AND NEW.`DataKeyId` <=> OLD.`DataKeyId`';

/**
 * Triggers: a check constraint is ignored by MySQL before 8.0.16, and where it is not, adding one copies the table and
 * keeps writes out meanwhile. A trigger needs the table for a moment only. They refuse with a SQLSTATE of constraints.
 */
export const mysqlLayoutGuard: LayoutGuardStatements = {
  parts: (layout) => [
    part(layout, 'UPDATE', `${unchanged} OR ${rules[layout]}`),
    part(layout, 'INSERT', rules[layout]),
  ],
  standing: `
    SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS
    WHERE EVENT_OBJECT_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE = 'UserKeys'`,
  shortWait: 'SET SESSION lock_wait_timeout = 1',
  // No TRIGGER, SUPER where there is a binary log (log_bin_trust_function_creators), access denied.
  isDenied: (error) => [1142, 1419, 1227, 1044].includes(driverErrorOf(error)?.errno ?? 0),
  script: (statements) => ['DELIMITER //', ...statements.map((text) => `${text}//`), 'DELIMITER ;'].join('\n'),
};

function part(layout: GuardedLayout, event: 'INSERT' | 'UPDATE', rule: string): GuardPart {
  const name = `${guardName(layout)}_${event}`;
  const told = `UserKeys takes values of the layout ${layout} alone: software that writes classic ones must be stopped.`;
  return {
    name,
    create:
      `CREATE TRIGGER \`${name}\` BEFORE ${event} ON \`UserKeys\` FOR EACH ROW ` +
      `IF NOT (${rule}) THEN SIGNAL SQLSTATE '23000' SET MESSAGE_TEXT = '${told}'; END IF`,
    drop: `DROP TRIGGER IF EXISTS \`${name}\``,
  };
}
