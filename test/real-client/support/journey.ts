import { afterAll, beforeAll, jest } from '@jest/globals';
import type { DeploymentOptions } from '../../lab/service/deployment.js';
import { describeIf } from '../../lab/skip/skip.js';
import { missingForClient } from './client/client.js';
import { Company } from './company.js';

// A run of the client takes seconds, and a login may be repeated.
const journeyTimeoutMs = 180_000;

/** The client's own implementation: its server sends no feature flags. */
export const typeScript = { implementation: 'TypeScript', featureStates: {} } as const;

/** The client's Rust SDK, which its server switches on by feature flags. */
export const sdk = {
  implementation: 'SDK',
  featureStates: {
    'use-unlock-service-for-key-connector-login': true,
    'enable-account-encryption-v2-key-connector-registration': true,
    'use-sdk-for-key-connector-migration': true,
  },
} as const;

/** Both ways through the client. */
export const implementations = [typeScript, sdk] as const;

/** What a set of journeys needs beyond the plain company on SQLite. */
export interface JourneySetUp {
  readonly deployment?: () => Promise<DeploymentOptions>;
  /** Why they cannot run here; `undefined` where they can. */
  readonly missing?: string | undefined;
}

/** Describes journeys of the real client through one company; skipped, with the reason, where the client cannot run. */
export function describeJourneys(name: string, body: (company: () => Company) => void, setUp: JourneySetUp = {}): void {
  const missing = setUp.missing ?? missingForClient();
  describeIf(missing === undefined, missing ?? '', name, () => {
    jest.setTimeout(journeyTimeoutMs);
    let company: Company | undefined;
    beforeAll(async () => {
      company = await Company.start(await setUp.deployment?.());
    });
    afterAll(() => company?.stop());
    body(() => {
      if (!company) throw new Error('the company is set up before the first test');
      return company;
    });
  });
}
