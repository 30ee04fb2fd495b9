import { setTimeout as sleep } from 'node:timers/promises';
import { SigningKeys } from '@key-connector/auth';
import { UnavailableError } from '@key-connector/common';
import { Database } from '@key-connector/database';
import { JsonImport } from '@key-connector/import';
import { KeyRing } from '@key-connector/key-ring';
import { Settings } from '@key-connector/settings';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';

interface BootStep {
  readonly name: string;
  run(): Promise<void>;
}

/** Longest wait between two tries of a step, in milliseconds. */
const MAX_BACKOFF = 10_000;

/**
 * How long a start waits for the look at every stored value, in milliseconds: for most deployments it has ended by
 * then.
 */
const LOOK_PATIENCE = 50;

/**
 * Brings the dependencies up in order, after the service listens: database and migrations, the import that was asked
 * for, then key provider and data keys, with the signing keys beside them. A dependency that is away is tried again,
 * with jittered, capped backoff; what only an operator can mend ends it. The look at every stored value, whose time
 * grows with them, goes on behind.
 */
@Injectable()
export class Boot implements BeforeApplicationShutdown {
  private readonly logger = new Logger(Boot.name);
  private readonly stop = new AbortController();
  private waitingFor: string | undefined = 'start';
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly keyRing: KeyRing,
    private readonly signingKeys: SigningKeys,
    private readonly jsonImport: JsonImport,
    private readonly settings: Settings,
  ) {}

  /** The step that is not done yet; `undefined` when the service is up. */
  get pending(): string | undefined {
    return this.waitingFor;
  }

  /** True once requests can succeed, false when it was stopped first; rejects when only an operator can help. */
  async run(): Promise<boolean> {
    void this.signingKeys.prefetch();
    try {
      for (const step of this.steps()) {
        this.waitingFor = step.name;
        await this.untilAvailable(step);
      }
      this.looking = this.untilAvailable({ name: 'stored values', run: () => this.keyRing.lookAtValues() });
      await Promise.race([this.looking, sleep(LOOK_PATIENCE, undefined, { ref: false })]);
      this.waitingFor = undefined;
      // No step, because readiness shows them by themselves.
      await Promise.race([this.signingKeys.untilReady(this.stop.signal), failureOf(this.looking)]);
    } catch (error) {
      if (this.stop.signal.aborted) return false;
      throw error;
    }
    return true;
  }

  /** Resolves once every stored value was looked at, or boot was stopped; rejects as `run`. */
  async valuesLookedAt(): Promise<void> {
    await this.looking.catch((error: unknown) => {
      if (!this.stop.signal.aborted) throw error;
    });
  }

  beforeApplicationShutdown(): void {
    this.stop.abort();
  }

  private steps(): readonly BootStep[] {
    const { importJsonFilePath: file } = this.settings.database;
    const imports = file === undefined ? [] : [{ name: 'import', run: () => this.jsonImport.runAtStart(file) }];
    return [
      { name: 'database', run: () => this.database.connect() },
      ...imports,
      { name: 'data keys', run: () => this.keyRing.loadToOpen() },
    ];
  }

  private async untilAvailable(step: BootStep): Promise<void> {
    const policy = retry(
      handleWhen((error) => error instanceof UnavailableError),
      {
        maxAttempts: Number.POSITIVE_INFINITY,
        backoff: new ExponentialBackoff({ initialDelay: 200, maxDelay: MAX_BACKOFF }),
      },
    );
    policy.onFailure(({ reason }) => {
      const error = 'error' in reason ? reason.error : undefined;
      if (error instanceof UnavailableError) {
        this.logger.warn({ msg: `waiting for the ${step.name}: ${error.message}`, code: error.code });
      }
    });
    await policy.execute(() => step.run(), this.stop.signal);
  }
}

/** Rejects as a promise does; when it does not, never settles. */
const failureOf = (promise: Promise<unknown>): Promise<never> =>
  new Promise((_, reject) => {
    promise.catch(reject);
  });
