import { fileURLToPath } from 'node:url';

const swc = {
  jsc: {
    target: 'esnext',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
  module: { type: 'es6' },
};

/** One configuration for every package: each `test` script runs Jest with `--rootDir .` inside its own folder. */
export default {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  testMatch: ['<rootDir>/src/**/*.spec.ts', '<rootDir>/test/**/*.spec.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'mjs', 'js', 'cjs', 'json', 'node'],
  transform: { '\\.ts$': [fileURLToPath(import.meta.resolve('@swc/jest')), swc] },
  transformIgnorePatterns: ['/node_modules/'],
  testTimeout: 60_000,
  maxWorkers: 2,
  // `gabion test` runs two packages at a time and sums up what they counted.
  ...(process.env.GABION_TEST_RUN && {
    maxWorkers: 1,
    reporters: ['default', fileURLToPath(new URL('tools/test-counts.mjs', import.meta.url))],
  }),
};
