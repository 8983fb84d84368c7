import js from '@eslint/js'
import rxjsX from 'eslint-plugin-rxjs-x'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

export default defineConfig(
  { ignores: ['dist', 'dist-examples', 'dist-bench', 'coverage'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, rxjsX.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      // `() => subject.next()` and `return subscriber.error(e)` say what they do; a void that is stored or passed on does not.
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // `void delivery.message` reads a getter for what it does: decoding.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // Numbers and booleans read the same in a text as in code.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // Factories return closures, which have no `this` to lose: taking them apart is the style here.
      '@typescript-eslint/unbound-method': 'off',

      // Beyond `recommended`.
      'rxjs-x/no-exposed-subjects': 'error',
      'rxjs-x/no-floating-observables': 'error',
      'rxjs-x/no-ignored-error': 'error',
      'rxjs-x/no-ignored-subscribe': 'error',
      'rxjs-x/no-ignored-subscription': 'error',
      'rxjs-x/no-subject-value': 'error',
      // Above the work, takeUntil refuses what is new and lets finish what runs; elsewhere it comes last.
      'rxjs-x/no-unsafe-takeuntil': [
        'error',
        { allow: ['boundedMap', 'sendAll', 'finalize', 'share', 'toArray', 'count'] },
      ],
      'rxjs-x/finnish': [
        'error',
        {
          // A callback is named for what it does (`run`, `work`), an entry of a table by its key.
          parameters: false,
          objects: false,
          // Private Subjects are plain nouns; an ObservableInput may as well be a promise.
          types: { '^(ObservableInput|Subject|BehaviorSubject|ReplaySubject)$': false },
          names: {
            '^(withClient|boundedPull)$': false, // creation functions, named as those of rxjs are
            '^hop$': false, // an operator
            '^(until|handler|result|check|answer|local)$': false, // an ObservableInput, or nothing
            '^(select|concurrency)$': false, // a value, or a stream of them
          },
        },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.name='switchMap'] CallExpression[callee.property.name=/^send/]",
          message: 'switchMap cancels the wait for a send, not the send: use concatMap or boundedMap.',
        },
      ],
    },
  },
  {
    // A handler, and the local part of a transaction, may return nothing at all: that is part of the contract with users.
    files: ['src/consumer/queues/handler.ts', 'src/producer/transaction.ts'],
    rules: { '@typescript-eslint/no-invalid-void-type': 'off' },
  },
  {
    // What is subscribed to here ends by itself, with the life of the client or of the consumer.
    files: [
      'src/create-client.ts',
      'src/client/{health,shared-client}.ts',
      'src/consumer/{pull/create-pull-consumer,pull/fetch,group/session-run}.ts',
    ],
    rules: { 'rxjs-x/no-ignored-subscription': 'off' },
  },
  {
    // Tests take what they know to be there, name streams by their part in the picture, end with their streams, and do
    // what users do.
    files: ['test/**', 'marble-tests/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      'rxjs-x/finnish': 'off',
      'rxjs-x/no-ignored-error': 'off',
      'rxjs-x/no-ignored-subscribe': 'off',
      'rxjs-x/no-ignored-subscription': 'off',
      'rxjs-x/no-nested-subscribe': 'off',
      'rxjs-x/no-subscribe-in-pipe': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    languageOptions: { globals: { Buffer: 'readonly', console: 'readonly', process: 'readonly', URL: 'readonly' } },
  },
)
