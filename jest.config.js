import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { bundleApart } from './test/lab/service/bundle-apart.ts';
import { unbundledCommands, unbundledService } from './test/lab/service/service.process.ts';

// gRPC would trust the authorities in this file alone, and not those that a test adds.
Reflect.deleteProperty(process.env, 'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH');

/**
 * Journeys start what an image ships, in half the processor time of a start of the build: docs/adr/0089. Not a bundle
 * that is older than the build.
 */
const builds = [unbundledService, unbundledCommands];
process.env.TEST_BUNDLE ??= builds.every((file) => madeAt(file) < madeAt(`${bundleApart}/service.js`))
  ? bundleApart
  : '';

function madeAt(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** What every project shares, those of jest.cluster.config.js too. */
export const shared = {
  testEnvironment: 'node',
  // Not jest's own choice, which is a name in the temporary folder that anybody could have taken first.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          experimental: { keepImportAssertions: true },
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  moduleNameMapper: {
    '^key-connector/key-provider$': '<rootDir>/libs/crypto-providers/src/contract/key-provider-module.ts',
    '^key-connector/key-provider/testing$': '<rootDir>/libs/crypto-providers/src/testing/key-provider-module.suite.ts',
    '^@key-connector/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^@key-connector/([^/]+)/(changes|testing)$': '<rootDir>/libs/$1/src/$2/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.tools', '<rootDir>/.demo'],
};

/** One configuration, two projects: unit specs beside the source, journeys under test/. */
export default {
  reporters: ['default', '<rootDir>/scripts/jest/summary-reporter.ts'],
  testSequencer: '<rootDir>/scripts/jest/longest-first.ts',
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/{apps,examples,libs}/**/*.spec.ts'] },
    {
      ...shared,
      displayName: 'journey',
      testMatch: ['<rootDir>/test/**/*.e2e-spec.ts'],
      // They have a configuration of their own: jest.cluster.config.js.
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/kubernetes/'],
    },
  ],
  testTimeout: 60_000,
  // Journeys mostly wait for processes of their own: two workers a core keep the cores busy.
  maxWorkers: 2 * availableParallelism(),
};
