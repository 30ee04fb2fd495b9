/** The import rules of docs/architecture.md: rooms import downwards, and only through a room's index. */
const room = (name) => `^libs/${name}/`;
const only = (name, allowed) => ({
  name: `${name}-imports`,
  comment: `libs/${name} may import ${allowed.join(', ') || 'no other room'}.`,
  severity: 'error',
  from: { path: room(name) },
  to: { path: '^(libs|apps)/', pathNot: [room(name), ...allowed.map(room)] },
});

/** The folders of libs/database that products share; every other one is a product. */
const shared = '(?:connection-string|dialect|errors|identity|migrations|testing|user-keys)';
const product = `(?!${shared}/)([^/]+)/`;
const inDatabase = (path) => `^libs/database/src/${path}`;

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^(apps|libs)/', pathNot: '\\.d\\.ts$' },
      to: {},
    },
    {
      name: 'libs-do-not-import-apps',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'enter-a-lib-by-its-index',
      severity: 'error',
      from: { path: '^(apps|test)/' },
      to: { path: '^libs/[^/]+/src/', pathNot: '^libs/[^/]+/src/((testing|changes)/)?index\\.ts$' },
    },
    {
      name: 'enter-another-lib-by-its-index',
      severity: 'error',
      from: { path: '^libs/([^/]+)/' },
      to: { path: '^libs/([^/]+)/src/', pathNot: ['^libs/$1/', '^libs/[^/]+/src/((testing|changes)/)?index\\.ts$'] },
    },
    {
      name: 'commands-alone-change-the-ring',
      comment: 'The service starts without the code of operators’ commands.',
      severity: 'error',
      from: { path: '^(apps/key-connector|libs)/', pathNot: '^libs/key-ring/src/changes/|\\.spec\\.ts$|/testing/' },
      to: { path: '^libs/key-ring/src/changes/' },
    },
    {
      name: 'testing-code-stays-in-tests',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: '(\\.spec\\.ts$|/testing/)' },
      to: { path: '/testing/' },
    },
    {
      name: 'production-code-imports-production-packages',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: '(\\.spec\\.ts$|/testing/|^apps/demo-issuer/)' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    {
      name: 'entry-files-load-the-rest-later',
      comment: 'What they import statically is loaded before the check of Node’s version, by any Node.',
      severity: 'error',
      from: { path: '^apps/(cli|key-connector)/src/main\\.ts$|^libs/launch/src/(index|launch|check-node)\\.ts$' },
      to: { dynamic: false, pathNot: '^libs/launch/src/(index|launch|check-node)\\.ts$|^(node:)?fs$' },
    },
    {
      name: 'nothing-imports-the-demo-issuer',
      comment: 'It gives anybody a token for any user: the product must not be able to reach it.',
      severity: 'error',
      from: { pathNot: '^apps/demo-issuer/' },
      to: { path: '^apps/demo-issuer/' },
    },
    {
      name: 'the-demo-issuer-stands-alone',
      severity: 'error',
      from: { path: '^apps/demo-issuer/' },
      to: { path: '^(libs|apps)/', pathNot: '^apps/demo-issuer/' },
    },
    {
      name: 'examples-use-the-public-api-alone',
      comment: 'They show what a package by others can do: it gets package.json#exports and nothing else of ours.',
      severity: 'error',
      from: { path: '^examples/([^/]+)/' },
      to: {
        path: '^(apps|libs|test|scripts|bench|examples)/',
        pathNot: [
          '^examples/$1/',
          '^libs/crypto-providers/src/contract/key-provider-module\\.ts$',
          '^libs/crypto-providers/src/testing/key-provider-module\\.suite\\.ts$',
        ],
      },
    },
    {
      name: 'nothing-of-ours-imports-an-example',
      severity: 'error',
      from: { path: '^(apps|libs|bench)/' },
      to: { path: '^examples/' },
    },
    {
      name: 'a-key-provider-imports-no-other',
      comment: 'What two of them need stands in a folder that both import: clients, certificate-sources, key-files.',
      severity: 'error',
      from: { path: '^libs/crypto-providers/src/providers/([^/]+)/' },
      to: { path: '^libs/crypto-providers/src/providers/', pathNot: '^libs/crypto-providers/src/providers/$1/' },
    },
    {
      name: 'a-certificate-source-imports-no-other',
      severity: 'error',
      from: { path: '^libs/crypto-providers/src/certificate-sources/[^/]+\\.source\\.ts$' },
      to: { path: '^libs/crypto-providers/src/certificate-sources/[^/]+\\.source\\.ts$' },
    },
    {
      name: 'the-contract-of-key-providers-stands-alone',
      comment: 'Providers, sources and clients are made to it; it knows none of them.',
      severity: 'error',
      from: { path: '^libs/crypto-providers/src/contract/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^libs/crypto-providers/src/', pathNot: '^libs/crypto-providers/src/contract/' },
    },
    {
      name: 'what-key-providers-share-imports-the-contract-alone',
      severity: 'error',
      from: { path: '^libs/crypto-providers/src/(clients/[^/]+|key-files)/', pathNot: '\\.spec\\.ts$' },
      to: {
        path: '^libs/crypto-providers/src/',
        pathNot: ['^libs/crypto-providers/src/contract/', '^libs/crypto-providers/src/$1/'],
      },
    },
    {
      name: 'an-sdk-is-loaded-when-its-provider-is-chosen',
      comment:
        'The object of a provider or source is loaded at every start: it imports its SDK, and what needs it, in open() or read().',
      severity: 'error',
      from: { path: '^libs/crypto-providers/src/(providers/[^/]+/index|certificate-sources/[^/]+\\.source)\\.ts$' },
      to: {
        path: [
          '\\.client\\.ts$',
          '/open-key\\.ts$',
          '^node_modules/(@aws-sdk|@azure|@google-cloud|pkcs11js|graphene-pk11)/',
        ],
        dependencyTypesNot: ['dynamic-import', 'type-only'],
      },
    },
    {
      name: 'values-of-the-key-ring-know-no-table',
      comment: 'Layouts and the ring are cryptography alone; data-keys stands on them, and what serves stands on both.',
      severity: 'error',
      from: { path: '^libs/key-ring/src/values/', pathNot: '\\.spec\\.ts$' },
      to: {
        path: '^libs/key-ring/src/',
        pathNot: ['^libs/key-ring/src/values/', '^libs/key-ring/src/key-ring\\.(errors|settings)\\.ts$'],
      },
    },
    {
      name: 'manifests-of-the-key-ring-know-no-data-key-rows',
      comment:
        'Who signed what is judged by itself: it reads RingManifests, and nothing of what the rows beside it say.',
      severity: 'error',
      from: { path: '^libs/key-ring/src/manifest/', pathNot: '\\.spec\\.ts$' },
      to: {
        path: '^libs/key-ring/src/',
        pathNot: ['^libs/key-ring/src/(manifest|values)/', '^libs/key-ring/src/key-ring\\.errors\\.ts$'],
      },
    },
    {
      name: 'data-keys-of-the-key-ring-know-no-request',
      severity: 'error',
      from: { path: '^libs/key-ring/src/data-keys/', pathNot: '\\.spec\\.ts$' },
      to: {
        path: '^libs/key-ring/src/',
        pathNot: [
          '^libs/key-ring/src/(data-keys|manifest|values)/',
          '^libs/key-ring/src/key-ring\\.(errors|settings|module-definition)\\.ts$',
        ],
      },
    },
    {
      name: 'programs-start-in-the-lab',
      comment:
        'Tests, bench and scripts start programs and servers through test/lab/, which ends them with us. ' +
        'The bootstrap runs before anything is installed.',
      severity: 'error',
      from: { path: '^(test|bench|scripts)/', pathNot: '^(test/lab/|scripts/bootstrap)' },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'the-lab-is-for-tests',
      severity: 'error',
      from: { path: '^(apps|libs|examples)/', pathNot: '(\\.spec\\.ts$|/testing/)' },
      to: { path: '^test/' },
    },
    {
      name: 'no-circles-between-folders-of-auth',
      severity: 'error',
      scope: 'folder',
      from: { path: '^libs/auth/src' },
      to: { circular: true },
    },
    {
      name: 'folders-of-auth-know-nothing-above',
      comment: 'Module, guard and strategy stand above the folders, which know none of them.',
      severity: 'error',
      from: { path: '^libs/auth/src/[^/]+/' },
      to: { path: '^libs/auth/src/[^/]+\\.ts$' },
    },
    {
      name: 'no-circles-between-folders-of-database',
      severity: 'error',
      scope: 'folder',
      from: { path: '^libs/database/src' },
      to: { circular: true },
    },
    {
      name: 'folders-of-database-know-no-list',
      comment: 'The list of products, the settings and the service stand above the folders, which know none of them.',
      severity: 'error',
      from: { path: inDatabase('[^/]+/') },
      to: { path: inDatabase('[^/]+\\.ts$') },
    },
    {
      name: 'a-database-product-imports-no-other',
      comment: 'What two of them need stands in a folder that both import, such as errors/ or dialect/.',
      severity: 'error',
      from: { path: inDatabase(product) },
      to: { path: inDatabase(product), pathNot: inDatabase('$1/') },
    },
    {
      name: 'what-database-products-share-imports-none',
      severity: 'error',
      from: { path: inDatabase(`${shared}/`) },
      to: { path: inDatabase(product) },
    },
    {
      name: 'a-database-driver-is-loaded-when-its-product-is-chosen',
      comment: 'The product of a database is loaded at every start: it imports its dialect in open().',
      severity: 'error',
      from: { path: inDatabase('[^/]+/index\\.ts$') },
      to: {
        path: ['\\.(dialect|pool|client|statements)\\.ts$', '^node_modules/(pg|mysql2|mssql|better-sqlite3|typeorm)/'],
        dependencyTypesNot: ['dynamic-import', 'type-only'],
      },
    },
    only('launch', []),
    {
      name: 'where-settings-come-from-knows-no-setting',
      comment: 'Environment, YAML and files give names and text; what they mean is for resolve.ts and later steps.',
      severity: 'error',
      from: { path: '^libs/settings/src/(environment|given|names|settings\\.errors|sources|yaml-file)\\.ts$' },
      to: { path: '^libs/settings/src/(catalogue|check|load-settings|resolve|secret-files|settings|slices)\\.ts$' },
    },
    {
      name: 'what-settings-there-are-knows-no-source',
      comment: 'The reference is generated from the catalogue alone.',
      severity: 'error',
      from: { path: '^libs/settings/src/(catalogue|http\\.settings|settings|slices)\\.ts$' },
      to: {
        path: '^libs/settings/src/',
        pathNot: '^libs/settings/src/(catalogue|http\\.settings|settings|slices)\\.ts$',
      },
    },
    only('common', []),
    only('observability', ['common']),
    only('auth', ['common', 'observability']),
    only('crypto-providers', ['common', 'observability']),
    only('recovery-keys', ['common', 'crypto-providers']),
    only('database', ['common', 'observability']),
    only('key-ring', ['common', 'observability', 'crypto-providers', 'recovery-keys', 'database']),
    only('import', ['common', 'observability', 'key-ring', 'database']),
    only('user-keys', ['common', 'observability', 'key-ring', 'auth', 'database']),
    only('settings', ['common', 'observability', 'auth', 'crypto-providers', 'database', 'key-ring', 'user-keys']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^dist/|^\\.tools/|^\\.demo/)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
