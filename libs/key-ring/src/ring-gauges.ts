import { Database } from '@key-connector/database';
import { Metrics } from '@key-connector/observability';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { KEY_RING_SETTINGS } from './key-ring.module-definition.js';
import type { KeyRingSettings } from './key-ring.settings.js';
import { ManifestStore } from './manifest/manifest-store.js';
import { isPinBehind } from './manifest/pin-behind.js';
import { formatRingPin } from './manifest/ring-pin.js';
import type { HeldManifest } from './manifest/succession.js';
import { RingWatch } from './ring-watch.js';

/** How the ring stands, for who watches the service. */
@Injectable()
export class RingGauges {
  private readonly logger = new Logger('KeyRing');
  private version = 0;
  private behind = false;

  constructor(
    private readonly database: Database,
    private readonly store: ManifestStore,
    private readonly watch: RingWatch,
    metrics: Metrics,
    @Inject(KEY_RING_SETTINGS) private readonly settings: Pick<KeyRingSettings, 'identity'>,
  ) {
    const gauge = (name: string, help: string, value: () => number): void => {
      const made = metrics.gauge({
        name,
        help,
        collect: () => {
          made.set(value());
        },
      });
    };
    gauge('key_connector_ring_pinned', 'Whether keyRing__identity names the ring: 1 or 0. Alert on 0.', () =>
      Number(this.settings.identity.length > 0),
    );
    gauge(
      'key_connector_ring_pin_behind',
      'Whether the pin accepts a version of the manifest from before something was given up (a drop, kek remove, a layout upgrade, rekey): 1 or 0.',
      () => Number(this.behind),
    );
    gauge(
      'key_connector_ring_manifest_version',
      'The version of the ring’s manifest that this replica writes under; 0 before it has one.',
      () => this.version,
    );
    gauge(
      'key_connector_ring_writes_blocked',
      'Whether the ring keeps this replica from writing: 1 or 0. The log says why. Alert on 1.',
      () => Number(this.watch.blocked !== undefined),
    );
  }

  /** Takes note of the manifest that counts now. */
  async hold(held: HeldManifest): Promise<void> {
    this.version = held.version;
    const behind = await this.database.snapshot((manager) =>
      isPinBehind(held, this.settings.identity, { manager, store: this.store }),
    );
    if (behind && !this.behind)
      this.logger.warn({
        msg: 'keyRing__identity accepts a version of the manifest from before something was given up: raise it',
        identity: formatRingPin({ fingerprint: held.identity.fingerprint, least: held.version }),
      });
    this.behind = behind;
  }
}
