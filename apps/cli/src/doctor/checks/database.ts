import { type Check, type Finding, ok, problem, warning } from '../check.js';

/** Reachable, at this version's tables, and with the rights that serving needs. */
export const databaseCheck: Check = {
  name: 'database',
  async run(examined) {
    const { isToBeMade, pending, missingRights } = await examined.facts();
    const { description } = examined.look;
    if (isToBeMade)
      return [
        warning(
          `${description} is not there yet.`,
          'The first start makes it. If there was one before, the path is wrong: set database__expect to existing.',
        ),
      ];
    if (pending.length > 0) return [pendingFinding(description, pending, examined.settings.database.migrate)];
    if (missingRights.length === 0) return [ok(`${description} answers, is up to date, and may be read and written.`)];
    return missingRights.map(({ right, table, why }) =>
      problem(
        `${description}: this login may not ${right} on ${table} (${why}).`,
        `Grant ${right.toUpperCase()} on ${table} to the login of the service, or name the primary where this is a read-only replica.`,
      ),
    );
  },
};

function pendingFinding(description: string, pending: readonly string[], migrate: boolean): Finding {
  const what = `${description} answers, and lacks the migrations ${pending.join(', ')}.`;
  if (migrate) return warning(what, 'The next start runs them; keep a backup from before it.');
  return problem(
    what,
    'database__migrate is false: run "key-connector migrations run" with a login that may alter tables.',
  );
}
