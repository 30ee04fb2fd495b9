import { SigningKeys } from '@key-connector/auth';
import { Database } from '@key-connector/database';
import { KeyRing } from '@key-connector/key-ring';
import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorFunction, type HealthIndicatorResult } from '@nestjs/terminus';
import { Boot } from '../boot/boot.js';

/** What must be there for any request to succeed, one indicator each; the key provider is shown, and never counts. */
@Injectable()
export class Readiness {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly bootState: Boot,
    private readonly databaseState: Database,
    private readonly keyRing: KeyRing,
    private readonly signingKeys: SigningKeys,
  ) {}

  /** One function each, as Terminus takes them. */
  indicators(): HealthIndicatorFunction[] {
    return [
      () => this.boot(),
      () => this.database(),
      () => this.dataKeys(),
      () => this.issuer(),
      () => this.keyProvider(),
    ];
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
