import type { StoredUserKey } from '@key-connector/database';
import { OpeningFailure } from '@key-connector/key-ring';
import { type Check, type Finding, ok, problem } from '../check.js';
import type { Examined } from '../examined.js';

const sampleSize = 100;
const batchSize = 500;

/** Members that are named; of more, the number is told. */
const named = 20;

/** Members’ values open: a sample of the newest, or all. They are wiped at once, and never shown. */
export const valuesCheck: Check = {
  name: 'values',
  // As long as there are values: it shows how far it is.
  secondsAtMost: 86_400,
  async run(examined) {
    if (!(await examined.hasTables())) return [ok('There is none yet.')];
    const { members } = await examined.stored();
    const { open } = await examined.opened();
    if (members === 0) return [ok('No member has a key yet.')];
    if (open === undefined) return [problem(`None of ${members} opens: no data key does.`)];
    const opening = new Opening(open);
    const total = examined.options.all ? members : Math.min(members, sampleSize);
    if (examined.options.all) await openAll(examined, opening, members);
    else
      for (const row of await examined.database.snapshot((manager) => examined.userKeys.newest(manager, sampleSize)))
        opening.try(row.id, row);
    return opening.findings(total, members);
  },
};

async function openAll(
  { database, userKeys, progress, signal }: Examined,
  opening: Opening,
  total: number,
): Promise<void> {
  await progress.during({ what: 'values opened', total }, async (shown) => {
    let last: string | undefined;
    do {
      signal.throwIfAborted();
      const rows = await database.snapshot((manager) => userKeys.after(manager, last, batchSize));
      for (const { id, key } of rows) opening.try(id, key);
      shown.advance(rows.length);
      last = rows.length < batchSize ? undefined : rows.at(-1)?.id;
    } while (last !== undefined);
  });
}

class Opening {
  private readonly failed: string[] = [];
  private count = 0;

  constructor(private readonly open: (row: StoredUserKey) => Buffer) {}

  try(id: string, row: StoredUserKey | undefined): void {
    try {
      if (row === undefined) throw new OpeningFailure('malformed');
      this.open(row).fill(0);
    } catch (error) {
      if (!(error instanceof OpeningFailure)) throw error;
      if ((this.count += 1) <= named) this.failed.push(`${id} (${error.reason})`);
    }
  }

  findings(tried: number, members: number): Finding[] {
    if (this.count === 0)
      return [
        ok(tried < members ? `The newest ${tried} of ${members} open; --all opens every one.` : `All ${members} open.`),
      ];
    const more = this.count > named ? ` and ${this.count - named} more` : '';
    return [
      problem(
        `${this.count} of ${tried} do not open: ${this.failed.join(', ')}${more}.`,
        'Restore those rows of UserKeys from a backup that belongs to this ring; docs/operations.md has what each reason means.',
      ),
    ];
  }
}
