import type { ManifestVersion } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ManifestStore, type SeenManifest } from './manifest-store.js';
import type { RingPin } from './ring-pin.js';
import {
  authenticOfItsRing,
  type HeldManifest,
  identityIn,
  type ManifestRefusal,
  type ManifestRow,
  successor,
  unreadable,
} from './succession.js';

/** Rows above the manifest that a fence names; with more of them nothing is written. */
export const mostPassedOver = 16;

/** Rows that one question reads: some 2 MB at most. */
const page = 32;

/** Rows that a look without a held manifest judges: thousands of forged ones cost a start some seconds, and no more memory. */
const mostJudged = 4096;

/** A row that counts for nothing, and why. */
export interface PassedOver extends SeenManifest {
  readonly reason: ManifestRefusal;
}

/** What stands above the manifest that counts. */
interface Above {
  /** Rows that are not authentic, the lowest versions first; no more than {@link mostPassedOver} and one. */
  readonly passedOver: readonly PassedOver[];
  /** Signed by the ring's identity, and not understood by this version of the software. */
  readonly unreadable: ManifestVersion | undefined;
}

/** What RingManifests says, judged. */
export interface RingState extends Above {
  /** The highest version that is authentic; `undefined` where none is. */
  readonly held: HeldManifest | undefined;
  /** Rings beside the one that counts that have a row here which their own identity signed; fingerprints. */
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
  /** The version that was held is no longer there as it was: the database has gone back in time, or somebody changed it. */
  readonly gone: boolean;
}

/** Reads the manifests of a database and says which one counts. It keeps nothing: whoever holds a manifest hands it in. */
@Injectable()
export class RingLoader {
  constructor(private readonly store: ManifestStore) {}

  /**
   * The manifest that counts, for who holds none: the highest version of the ring that the pins name, or, without a pin, of the
   * ring that is there. Of two pins the later one counts as soon as it has a version: the other one's identity may be a thief's.
   * Whether it is above the pin's least, whether other rings may be there, is the caller's to say.
   */
  async load(manager: EntityManager, pins: readonly RingPin[] = []): Promise<RingState> {
    const { best, fingerprints, rows, tooMany } = await this.judgeAll(manager, pins);
    const held = choose(best, pins);
    const otherRings = fingerprints.filter((fingerprint) => fingerprint !== held?.identity.fingerprint);
    const above = held && (await this.lookAbove(manager, held));
    return { held, otherRings, rows, tooMany, passedOver: above?.passedOver ?? [], unreadable: above?.unreadable };
  }

  /**
   * What follows the manifest that is held, version by version, each authentic to the one before it.
   *
   * @param next fingerprints that the ring may go over to: see `successor`.
   */
  async follow(manager: EntityManager, held: HeldManifest, next: readonly string[] = []): Promise<Followed> {
    const still = await this.store.at(manager, held.version);
    if (still?.signature !== held.signature || still.document !== held.document)
      return { held, gone: true, passedOver: [], unreadable: undefined };
    for (let last = held; ;) {
      const row = await this.store.at(manager, last.version + 1);
      const found = row && successor(last, row, next);
      if (typeof found === 'object') last = found;
      else return { held: last, gone: false, ...(await this.lookAbove(manager, last, next)) };
    }
  }

  /** What stands above: the next version may be one that is not understood, and nothing else there is authentic. */
  private async lookAbove(manager: EntityManager, held: HeldManifest, next: readonly string[] = []): Promise<Above> {
    const row = await this.store.at(manager, held.version + 1);
    const verdict = row && successor(held, row, next);
    const above = await this.store.above(manager, held.version, mostPassedOver + 1);
    const ofNext = typeof verdict === 'string' && verdict !== unreadable ? verdict : 'manifest_unsigned';
    const reasonOf = ({ version }: SeenManifest): ManifestRefusal =>
      version === held.version + 1 ? ofNext : 'manifest_out_of_order';
    const notUnderstood = verdict === unreadable ? row : undefined;
    return {
      passedOver: above
        .filter(({ version }) => version !== notUnderstood?.version)
        .map((seen) => ({ ...seen, reason: reasonOf(seen) })),
      unreadable: notUnderstood && { version: notUnderstood.version, signature: notUnderstood.signature },
    };
  }

  /** The highest authentic version of each ring, page by page from above. */
  private async judgeAll(manager: EntityManager, pins: readonly RingPin[]): Promise<Judged> {
    const best = new Map<string, HeldManifest>();
    const fingerprints = new Set<string>();
    let below: number | undefined;
    for (let seen = 0; seen < mostJudged; seen += page) {
      const rows = await this.store.newest(manager, { ...(below !== undefined && { below }), take: page });
      for (const row of rows) judge(row, best, fingerprints);
      // With pins, what is below the last one's highest version changes nothing.
      if (rows.length < page || best.has(pins.at(-1)?.fingerprint ?? ''))
        return {
          best,
          fingerprints: [...fingerprints],
          rows: seen > 0 || rows.length > 0 || (await this.store.exist(manager)),
          tooMany: false,
        };
      below = rows.at(-1)?.version;
    }
    return { best, fingerprints: [...fingerprints], rows: true, tooMany: true };
  }
}

interface Judged {
  readonly best: ReadonlyMap<string, HeldManifest>;
  readonly fingerprints: readonly string[];
  readonly rows: boolean;
  readonly tooMany: boolean;
}

function judge(row: ManifestRow, best: Map<string, HeldManifest>, fingerprints: Set<string>): void {
  const verdict = authenticOfItsRing(row);
  if (verdict === 'manifest_unsigned') return;
  const fingerprint = identityIn(row.document)?.fingerprint;
  if (fingerprint !== undefined) fingerprints.add(fingerprint);
  if (typeof verdict === 'object' && !best.has(verdict.identity.fingerprint))
    best.set(verdict.identity.fingerprint, verdict);
}

function choose(best: ReadonlyMap<string, HeldManifest>, pins: readonly RingPin[]): HeldManifest | undefined {
  if (pins.length === 0) return [...best.values()].toSorted((one, other) => other.version - one.version)[0];
  return pins
    .toReversed()
    .map(({ fingerprint }) => best.get(fingerprint))
    .find((held) => held !== undefined);
}
