import { afterAll, beforeAll } from '@jest/globals';
import type { DeploymentOptions } from '../../support/deployment.js';
import { describeIf } from '../../support/skip.js';
import { missingForClient } from './client/installation.js';
import { Company } from './company.js';

/** A login of a client takes seconds, and may be repeated. */
export const journeyTimeoutMs = 180_000;

/** The two implementations in a client, chosen by the feature flags that its server sends. */
export const implementations = [
  { implementation: 'TypeScript', featureStates: {} },
  {
    implementation: 'SDK',
    featureStates: {
      'use-unlock-service-for-key-connector-login': true,
      'enable-account-encryption-v2-key-connector-registration': true,
      'use-sdk-for-key-connector-migration': true,
    },
  },
] as const;

/** Describes journeys of the real client through a company that is set up once; skipped, with the reason, where the client cannot run. */
export function describeJourneys(
  name: string,
  body: (company: () => Company) => void,
  options?: () => Promise<DeploymentOptions>,
): void {
  const missing = missingForClient();
  describeIf(missing === undefined, missing ?? '', name, () => {
    let company: Company | undefined;
    beforeAll(async () => {
      company = await Company.start(await options?.());
    }, journeyTimeoutMs);
    afterAll(() => company?.stop());
    body(() => {
      if (!company) throw new Error('the company is set up before the first test');
      return company;
    });
  });
}
