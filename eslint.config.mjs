import eslint from '@eslint/js';
import awscdk from 'eslint-plugin-awscdk';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const typed = [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked];
const NODE_GLOBALS = Object.fromEntries(['console', 'process', 'URL', 'Buffer', 'setTimeout', 'clearTimeout'].map((name) => [name, 'readonly']));

export default defineConfig(
  globalIgnores([
    'dist/',
    'cdk.out/',
    'cdk8s.out/',
    'coverage/',
    '.holdfast/',
    'images/agent/*.js',
    'images/acme/*.js',
    'images/backend/*.js',
    '**/*.generated.ts',
  ]),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [typed],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // Numbers read well in messages; everything else that a template would print by accident stays refused.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // One-line functions that return nothing on purpose: `forEach(write)`, an early `return done(result)`, `void (process.exitCode = code)`.
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidOperator: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // Constants are read with brackets where a name is not an identifier.
      '@typescript-eslint/dot-notation': 'off',
      '@typescript-eslint/no-non-null-assertion': 'error',
      // A flag that a signal handler or a callback sets looks constant to this rule.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/consistent-type-definitions': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': ['error', { allow: ['error', 'warn'] }],
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    // The registry loads whatever files there are; an import of a pattern would be asynchronous.
    files: ['lib/environments/index.ts'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['lib/constructs/**/*.ts', 'lib/stacks/**/*.ts', 'bin/app.ts'],
    extends: [awscdk.configs.recommended],
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // A test names one case per line: a table of cases may be longer than a file of the product.
      'max-lines': 'off',
      // In a test a value that isn't there is a failure, and says so.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // `expect.objectContaining` and its kin are typed `any` by jest.
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: { ...NODE_GLOBALS, module: 'writable', require: 'readonly', __dirname: 'readonly', __filename: 'readonly' } },
  },
);
