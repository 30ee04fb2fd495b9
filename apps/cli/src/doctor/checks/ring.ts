import type { StoredFacts } from '@key-connector/key-ring';
import { type Check, type Finding, ok, problem, warning } from '../check.js';

/** The manifest, the data keys that it names, and their wrappings. */
export const ringCheck: Check = {
  name: 'ring',
  async run(examined) {
    if (!(await examined.hasTables())) return [ok('There is none yet: the first start makes it.')];
    const facts = await examined.stored();
    const { manifest, dataKeys, classicKey, members, unnamed } = facts;
    if (!manifest.rows && !classicKey && unnamed.length === 0) {
      if (members === 0) return [ok('There is none yet: the first start makes it.')];
      return [
        problem(
          `${members} members have keys, but there is no data key: none of them can be opened.`,
          'Restore RingManifests, DataKeys, DataKeyWrappings and ApplicationDatas from a backup. Start nothing before.',
        ),
      ];
    }
    const { fault } = await examined.opened();
    const signed = manifestFindings(facts, fault);
    if (fault !== undefined) return [...signed, problem(fault)];
    if (manifest.held === undefined) return signed;
    const ids = dataKeys.filter(({ state }) => state !== 'dropped').map(({ id }) => id);
    return [...signed, ok(`${ids.length === 1 ? 'Data key' : 'Data keys'} ${ids.join(', ')}: all open.`)];
  },
};

/** Who says which data keys count: SECURITY.md has why. */
function manifestFindings({ manifest, unnamed, classicKey }: StoredFacts, fault: string | undefined): Finding[] {
  const { held, isPinned, isPinBehind, passedOver, otherRings, rows } = manifest;
  const found: Finding[] = [];
  if (held !== undefined) {
    found.push(ok(`The ring is ${held.ring}, version ${held.version} of its manifest.`));
    if (!isPinned)
      found.push(
        warning(
          'The ring is not pinned: whoever deletes or outnumbers what members have in the database can replace it.',
          fault === undefined ? `Set keyRing__identity to ${held.ring}@${held.version}.` : ownRing,
        ),
      );
    if (isPinBehind)
      found.push(
        warning(
          'The pin accepts a version of the manifest from before something was given up: ' +
            'whoever can write to the database can put it back.',
          `Set keyRing__identity to ${held.ring}@${held.version}.`,
        ),
      );
    if (!held.keks.some(({ role }) => role === 'recovery'))
      found.push(
        warning(
          'The ring has no recovery key: if its key-encryption key is lost, so is every vault.',
          'Make one: key-connector recovery create (docs/recover.md).',
        ),
      );
  } else if (rows) found.push(problem('RingManifests has rows, and none of them counts.', restore));
  else if (classicKey && unnamed.length === 0)
    found.push(warning(classic, 'Keep a backup from before the first start.'));
  else found.push(problem('There are data keys, but no manifest that names them.', 'See "key-connector ring adopt".'));
  if (otherRings.length > 0)
    found.push(problem(`Rows of other rings stand there too: ${otherRings.join(', ')}.`, whoWrote));
  if (passedOver > 0) found.push(problem(`${passedOver} rows of RingManifests or more are not authentic.`, whoWrote));
  if (held !== undefined && unnamed.length > 0)
    found.push(problem(`DataKeys holds what the manifest does not name: ${unnamed.join(', ')}.`, whoWrote));
  return found;
}

const classic = 'This is a classic deployment, whose data key opens: the first start takes it over.';
const restore = 'Restore RingManifests from a backup that belongs to this database, or mend keyRing__identity.';
// What a start refuses may be somebody else's ring: its pin is not the one to set.
const ownRing = 'Set keyRing__identity to yours, as the line `ready` of earlier starts has it.';
const whoWrote =
  'It is passed over. Find out who wrote to the database, and pin the ring that is yours: keyRing__identity.';
