import { SigningKeys } from '@key-connector/auth';
import { Database } from '@key-connector/database';
import { KeyRing } from '@key-connector/key-ring';
import { Settings } from '@key-connector/settings';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorFunction, type HealthIndicatorResult } from '@nestjs/terminus';
import { Boot } from '../boot/boot.js';

/** A probe that waits longer counts as failed: Kubernetes gives one second unless told otherwise. In milliseconds. */
const PATIENCE = 500;

/**
 * What must be there for any request to succeed, one indicator each; the key provider is shown, and never counts.
 *
 * There are two questions. Whether requests succeed now is for people and monitors. Whether this replica should be
 * given requests is for load balancers: a database that is away for a moment is away for all replicas, and they must
 * not leave together. So it counts there only when it has been away for `http__readinessGraceSeconds`, or was never
 * there.
 */
@Injectable()
export class Readiness {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly bootState: Boot,
    private readonly databaseState: Database,
    private readonly keyRing: KeyRing,
    private readonly signingKeys: SigningKeys,
    private readonly settings: Settings,
  ) {}

  /** Whether requests succeed now: one function each, as Terminus takes them. */
  now(): HealthIndicatorFunction[] {
    return this.with(() => this.database());
  }

  /** Whether this replica should be given requests. */
  forBalancers(): HealthIndicatorFunction[] {
    return this.with(() => this.databaseWithGrace());
  }

  private with(database: HealthIndicatorFunction): HealthIndicatorFunction[] {
    return [() => this.boot(), database, () => this.dataKeys(), () => this.issuer(), () => this.keyProvider()];
  }

  private boot(): HealthIndicatorResult {
    const indicator = this.health.check('boot');
    const { pending } = this.bootState;
    return pending === undefined ? indicator.up() : indicator.down(`waiting for the ${pending}`);
  }

  private async database(): Promise<HealthIndicatorResult> {
    const indicator = this.health.check('database');
    try {
      await this.databaseState.ping();
      return indicator.up();
    } catch {
      // Where it is and why it fails is for the log; health is answered without a token.
      return indicator.down('not answering');
    }
  }

  private async databaseWithGrace(): Promise<HealthIndicatorResult> {
    const grace = this.settings.http.readinessGraceSeconds * 1000;
    if (grace === 0) return this.database();
    const indicator = this.health.check('database');
    const silence = sleep(PATIENCE, indicator.down('not answering'), { ref: false });
    const result = await Promise.race([this.database(), silence]);
    const away = performance.now() - this.databaseState.answeredAt;
    if (result.database.status !== 'down' || away >= grace) return result;
    return indicator.up({ answers: false, awaySeconds: Math.round(away / 1000) });
  }

  private dataKeys(): HealthIndicatorResult {
    const indicator = this.health.check('dataKeys');
    return this.keyRing.loaded ? indicator.up() : indicator.down('not loaded');
  }

  /** Requests are served from memory: a provider that is away must not take the service out of the load balancer. */
  private keyProvider(): HealthIndicatorResult {
    const { up, detail } = this.keyRing.providerState();
    return this.health.check('keyProvider').up({ opensDataKeys: up, detail });
  }

  private issuer(): HealthIndicatorResult {
    const indicator = this.health.check('issuer');
    const { ready, detail } = this.signingKeys.status();
    return ready ? indicator.up(detail) : indicator.down(detail);
  }
}
