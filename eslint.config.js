import js from '@eslint/js';
import jest from 'eslint-plugin-jest';
import tseslint from 'typescript-eslint';

/** What a file's name may say about its role, as in CONTRIBUTING.md: `thing.role.ts`, and `thing.role.spec.ts` beside it. */
const roles = [
  ['module', 'module-definition', 'providers', 'controller', 'guard', 'strategy', 'decorator', 'filter', 'hook'],
  ['command', 'entity', 'errors', 'settings', 'fields', 'client', 'server', 'pool', 'statements', 'dialect', 'layout'],
  ['source', 'provider', 'process', 'double', 'suite', 'spec', 'e2e-spec'],
].flat();

export default tseslint.config(
  { ignores: ['dist/', '.cache/', '.tools/', '.demo/', 'coverage/', 'bench/results/', 'test/tools/node_modules/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        // One program in place of two, which would check the packages and the lab twice.
        project: './tsconfig.lint.json',
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // A Nest module is an empty class under a decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // Nest types its options as classes and is given literals.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'no-console': 'error',
    },
  },
  {
    // One file reads the environment, so that every setting is documented, validated and redacted.
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/testing/**', 'libs/settings/src/environment.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Read the environment in libs/settings/src/environment.ts only.',
        },
      ],
    },
  },
  {
    files: ['**/*.ts'],
    ignores: ['**/*.d.ts', `**/+([a-z0-9-])?(.@(${roles.join('|')}))?(.spec).ts`],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'Program',
          message: `Name the file plainly (key-set.ts), or by one of the roles ${roles.join(', ')}.`,
        },
      ],
    },
  },
  {
    files: ['**/*.spec.ts', '**/*.e2e-spec.ts'],
    plugins: { jest },
    rules: {
      ...jest.configs['flat/recommended'].rules,
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*', 'assert*'] }],
      'jest/no-standalone-expect': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', module: 'readonly' } },
  },
);
