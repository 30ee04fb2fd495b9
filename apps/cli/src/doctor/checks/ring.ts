import type { StoredFacts } from '@key-connector/key-ring';
import { type Check, type Finding, ok, problem, warning } from '../check.js';

/** The manifest, the data keys and their wrappings. */
export const ringCheck: Check = {
  name: 'ring',
  async run(examined) {
    if (!(await examined.hasTables())) return [ok('There is none yet: the first start makes it.')];
    const { dataKeys, classicKey, members, manifest } = await examined.stored();
    if (dataKeys.length === 0 && !classicKey) {
      if (members === 0) return [ok('There is none yet: the first start makes it.')];
      return [
        problem(
          `${members} members have keys, but there is no data key: none of them can be opened.`,
          'Restore DataKeys, DataKeyWrappings and ApplicationDatas from a backup. Start nothing before.',
        ),
      ];
    }
    const signed = manifestFindings(manifest);
    const { faults } = await examined.opened();
    if (faults.length > 0) return [...signed, ...faults.map(({ id, why }) => problem(`Data key ${id}: ${why}`))];
    if (dataKeys.length === 0)
      return [
        warning(
          'This is a classic deployment, whose data key opens.',
          'The first start takes it over; keep a backup from before.',
        ),
      ];
    const ids = dataKeys.map(({ id }) => id).join(', ');
    return [...signed, ok(`${dataKeys.length === 1 ? `Data key ${ids} opens` : `Data keys ${ids} open`}.`)];
  },
};

/** Who says which data keys count: SECURITY.md has why. */
function manifestFindings({ held, passedOver, otherRings, rows }: StoredFacts['manifest']): Finding[] {
  const found: Finding[] = [];
  if (held !== undefined) found.push(ok(`The ring is ${held.ring}, version ${held.version} of its manifest.`));
  else if (rows) found.push(problem('RingManifests has rows, and none of them is authentic.', restoreManifest));
  else
    found.push(
      warning('The ring has no manifest yet.', 'The next start, or "key-connector ring adopt", signs the first one.'),
    );
  if (otherRings.length > 0)
    found.push(problem(`Rows of other rings stand there too: ${otherRings.join(', ')}.`, whoWrote));
  if (passedOver > 0)
    found.push(
      problem(`${passedOver} or more rows of RingManifests are not authentic, and are passed over.`, whoWrote),
    );
  return found;
}

const restoreManifest = 'Restore RingManifests from a backup that belongs to this database.';
const whoWrote = 'Find out who wrote to the database. Pin the ring that is yours: keyRing__identity.';
