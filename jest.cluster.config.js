import { shared } from './jest.config.js';

/** Journeys on a cluster, which `npm run cluster` starts for them: two at a time, since they share its node. */
export default {
  ...shared,
  displayName: 'cluster',
  reporters: ['default', '<rootDir>/scripts/jest/summary-reporter.ts'],
  testSequencer: '<rootDir>/scripts/jest/longest-first.ts',
  testMatch: ['<rootDir>/test/kubernetes/*.e2e-spec.ts'],
  testTimeout: 300_000,
  maxWorkers: 2,
};
