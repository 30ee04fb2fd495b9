import { AuditLog, Metrics } from '@key-connector/observability';
import { Injectable, Logger } from '@nestjs/common';
import type { PassedOver } from './manifest/ring-loader.js';
import type { ManifestObstacle, ManifestRefusal } from './manifest/succession.js';

/**
 * What was found in the tables of the ring and does not count: the label of the metric, and a field of log and audit
 * line.
 */
export type RingRefusal =
  | ManifestRefusal
  | ManifestObstacle
  /** The version that is held is not there. */
  | 'manifest_gone'
  /** The version that is held is there with another signature or text. */
  | 'manifest_replaced'
  /** More rows that do not count than a statement can name, or one that it cannot name. */
  | 'too_many_passed_over'
  /** A manifest that counts names what does not open, or is another one. */
  | 'manifest_unusable'
  /** Versions of another ring, beside the one that is pinned. */
  | 'other_ring'
  /** Rows of DataKeys that the manifest does not name. */
  | 'data_key_unnamed'
  /** A value needs a data key that the manifest does not name. */
  | 'value_under_unnamed_data_key'
  /** A data key does not open, or is gone, where it is in memory: a start would fail. */
  | 'data_key_unreadable'
  /** The first row of ApplicationDatas is not the classic data key that the manifest names. */
  | 'classic_data_key_changed';

/** Something that does not count; `key` says which one, so that it is told once as long as it is there. */
interface Found {
  readonly reason: RingRefusal;
  readonly key: string;
  readonly why: string;
}

/** Counts, logs and audits what does not count, once each: as often as it comes anew. */
@Injectable()
export class RingAlarms {
  private readonly logger = new Logger('KeyRing');
  private readonly refusals;
  /** By the look that found it: what it found the last time. */
  private readonly told = new Map<string, ReadonlySet<string>>();

  constructor(
    private readonly audit: AuditLog,
    metrics: Metrics,
  ) {
    this.refusals = metrics.counter<'reason'>({
      name: 'key_connector_ring_refusals_total',
      help: 'What stood in the tables of the ring and did not count: rows that nobody signed, data keys that no manifest names, what was changed or is gone. Alert on any.',
      labelNames: ['reason'],
    });
  }

  /** All that a look finds now; what it does not find any more is told again should it come back. */
  found(look: string, all: readonly Found[]): void {
    const before = this.told.get(look);
    this.told.set(look, new Set(all.map(({ reason, key }) => `${reason} ${key}`)));
    for (const { reason, key, why } of all) if (!before?.has(`${reason} ${key}`)) this.tell(reason, why);
  }

  /** Rows of RingManifests that are passed over, as one look finds them. */
  passedOver(rows: readonly PassedOver[]): void {
    this.found(
      'passed over',
      rows.map(({ version, signature, reason }) => ({
        reason,
        key: `${version} ${signature ?? ''}`,
        why: `Version ${version} in RingManifests is no manifest of this ring: it is passed over. Find out who wrote it, and delete it.`,
      })),
    );
  }

  private tell(reason: RingRefusal, why: string): void {
    this.refusals.inc({ reason });
    this.logger.error({ msg: 'the tables of the ring hold what does not count', reason, why });
    this.audit.record({ event: 'ring', outcome: 'refused', reason });
  }
}
