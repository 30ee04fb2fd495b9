import { ManifestMoved } from '../key-ring.errors.js';

/** Each change takes a transaction of its own, so that one look is hardly met by two. */
const attempts = 5;

/**
 * Looks again, from the start, when another manifest came in between: a transaction need not be a snapshot. Only for
 * work that reads.
 *
 * @throws ManifestMoved when that happens time and again; whatever the look throws.
 */
export async function wholeLook<Seen>(look: () => Promise<Seen>): Promise<Seen> {
  for (let left = attempts - 1; ; left -= 1) {
    try {
      return await look();
    } catch (error) {
      if (left === 0 || !(error instanceof ManifestMoved)) throw error;
    }
  }
}
