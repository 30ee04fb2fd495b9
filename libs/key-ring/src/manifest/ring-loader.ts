import type { ManifestVersion } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ManifestStore, type SeenManifest } from './manifest-store.js';
import type { RingPin } from './ring-pin.js';
import {
  authentic,
  type HeldManifest,
  identityIn,
  type ManifestObstacle,
  type ManifestRefusal,
  type ManifestRow,
  successor,
  type Verdict,
} from './succession.js';

/** Rows above the manifest that a fence names; with more of them nothing is written. */
export const mostPassedOver = 16;

/** Rows that one question reads: some 2 MB at most. */
const page = 32;

/**
 * Rows that a look without a held manifest judges: thousands of forged ones cost a start some seconds, and no memory.
 */
const mostJudged = 4096;

/** A row that counts for nothing, and why. */
export interface PassedOver extends Omit<SeenManifest, 'document'> {
  readonly reason: ManifestRefusal;
}

/** What stands above the manifest that counts. */
interface Above {
  /** Rows that are not authentic, the lowest versions first; no more than {@link mostPassedOver} and one. */
  readonly passedOver: readonly PassedOver[];
  /** Signed by the ring at its own version, and not to be followed from here: nothing may be written. */
  readonly unreadable: (ManifestVersion & { readonly reason: ManifestObstacle }) | undefined;
}

/** What RingManifests says, judged. */
export interface RingState extends Above {
  /** The highest version that is authentic; `undefined` where none is. */
  readonly held: HeldManifest | undefined;
  /**
   * Rings beside the one that counts that have a row here which their own identity signed; fingerprints, 17 at most.
   */
  readonly otherRings: readonly string[];
  /** Whether there is any row at all. */
  readonly rows: boolean;
  /** Whether there were too many rows to judge them all: `held` may then be missing. */
  readonly tooMany: boolean;
}

/** What has become of a manifest that was held. */
export interface Followed extends Above {
  /** The same one, or the last of those that follow it. */
  readonly held: HeldManifest;
  /**
   * Whether the version that was held is no longer there as it was: the database is at an earlier time, or somebody
   * changed it.
   */
  readonly gone: false | 'missing' | 'replaced';
}

/**
 * Reads the manifests of a database and says which one counts. It keeps nothing: whoever holds a manifest hands it in.
 */
@Injectable()
export class RingLoader {
  constructor(private readonly store: ManifestStore) {}

  /**
   * The manifest that counts, for who holds none: the highest version of the ring that the pins name, or, without a
   * pin, of the ring that is there. Of two pins the later one counts as soon as it has a version: the other one's
   * identity may be a thief's. Whether it is above the pin's least, whether other rings may be there, is the caller's
   * to say.
   */
  async load(manager: EntityManager, pins: readonly RingPin[] = []): Promise<RingState> {
    const { candidates, rows, tooMany } = await this.judgeAll(manager, pins);
    const { highest, others: otherRings } = candidates;
    const above = highest && (await this.climb(manager, highest, []));
    return { held: undefined, passedOver: [], unreadable: undefined, ...above, otherRings, rows, tooMany };
  }

  /**
   * What follows the manifest that is held, version by version, each authentic to the one before it.
   *
   * @param next fingerprints that the ring may go over to: see `successor`.
   */
  async follow(manager: EntityManager, held: HeldManifest, next: readonly string[] = []): Promise<Followed> {
    const followed = await this.climb(manager, held, next);
    // A command that changes the identity deletes the versions of the old one.
    if (followed.held !== held) return { ...followed, gone: false };
    const still = await this.store.at(manager, held.version);
    const same = still?.signature === held.signature && still.document === held.document;
    return { ...followed, gone: same ? false : still === undefined ? 'missing' : 'replaced' };
  }

  /**
   * The last of those that follow, and what stands above it as one statement saw it: were the next version looked for
   * by itself, one that is committed meanwhile could be taken for one that nobody signed, and a fence would let writes
   * pass under the old one.
   */
  private async climb(
    manager: EntityManager,
    held: HeldManifest,
    next: readonly string[],
  ): Promise<Above & { held: HeldManifest }> {
    for (let last = held; ;) {
      const rows = await this.store.above(manager, last.version, mostPassedOver + 1);
      const judged = rows.map((row) => ({ ...row, verdict: verdictOn(last, row, next) }));
      const [first] = judged;
      if (typeof first?.verdict === 'object') last = first.verdict;
      else return { held: last, ...split(judged) };
    }
  }

  /** The highest authentic version of each ring that can count, page by page from above. */
  private async judgeAll(manager: EntityManager, pins: readonly RingPin[]): Promise<Judged> {
    const candidates = new Candidates(pins);
    // Asked first: another replica may commit the first manifest between two questions, which then is one that counts,
    // and no row beside it that does not.
    const there = await this.store.exist(manager);
    let below: number | undefined;
    for (let seen = 0; seen < mostJudged; seen += page) {
      const rows = await this.store.newest(manager, { ...(below !== undefined && { below }), take: page });
      for (const row of rows) candidates.judge(row);
      if (rows.length < page || candidates.settled)
        return { candidates, rows: there || seen > 0 || rows.length > 0, tooMany: false };
      below = rows.at(-1)?.version;
    }
    return { candidates, rows: true, tooMany: true };
  }
}

interface Judged {
  readonly candidates: Candidates;
  readonly rows: boolean;
  readonly tooMany: boolean;
}

/**
 * What is kept of rows that anybody may have written, and that come from above: the highest version of each pinned
 * ring, or without a pin the highest of all. Of other rings no more than the names of some: one that was forged is
 * never parsed.
 */
class Candidates {
  private readonly best = new Map<string, HeldManifest>();
  private readonly rings = new Set<string>();

  constructor(private readonly pins: readonly RingPin[]) {}

  judge(row: ManifestRow): void {
    const identity = identityIn(row.document);
    if (!identity?.signed(row.document, row.signature)) return;
    const { fingerprint } = identity;
    if (this.rings.size <= mostPassedOver) this.rings.add(fingerprint);
    if (!this.wanted(fingerprint)) return;
    const verdict = authentic(row, identity);
    if (typeof verdict === 'object') this.best.set(fingerprint, verdict);
  }

  /** With pins, what is below the last one's highest version changes nothing. */
  get settled(): boolean {
    return this.best.has(this.pins.at(-1)?.fingerprint ?? '');
  }

  /** The one that counts. */
  get highest(): HeldManifest | undefined {
    if (this.pins.length === 0) return [...this.best.values()][0];
    return this.pins
      .toReversed()
      .map(({ fingerprint }) => this.best.get(fingerprint))
      .find((held) => held !== undefined);
  }

  /** Rings beside it. */
  get others(): string[] {
    const counts = this.highest?.identity.fingerprint;
    return [...this.rings].filter((fingerprint) => fingerprint !== counts);
  }

  private wanted(fingerprint: string): boolean {
    if (this.pins.length === 0) return this.best.size === 0;
    return !this.best.has(fingerprint) && this.pins.some((pin) => pin.fingerprint === fingerprint);
  }
}

const verdictOn = (
  held: HeldManifest,
  { version, document, signature }: SeenManifest,
  next: readonly string[],
): Verdict => (signature === undefined ? 'manifest_unsigned' : successor(held, { version, document, signature }, next));

/** Of several that are above a gap or in each other's way, the lowest one is told. */
function split(judged: readonly (SeenManifest & { readonly verdict: Verdict })[]): Above {
  const passedOver: PassedOver[] = [];
  const obstacles: Above['unreadable'][] = [];
  for (const { version, signature, verdict } of judged) {
    if (verdict === 'manifest_unsigned' || verdict === 'manifest_out_of_order')
      passedOver.push({ version, signature, reason: verdict });
    else if (typeof verdict === 'string' && signature !== undefined)
      obstacles.push({ version, signature, reason: verdict });
  }
  return { passedOver, unreadable: obstacles[0] };
}
