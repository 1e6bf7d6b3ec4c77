/** @type {import('jest').Config} */
const project = {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test'],
  extensionsToTreatAsEsm: ['.ts'],
  // The sources import './x.js', as they must once compiled; here that is './x.ts'.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  setupFiles: ['reflect-metadata'],
};

export default {
  // jest's module registry loses some 25 MB with every file that imports Nest and TypeORM. Workers are replaced before
  // that hurts, which takes workers: never run the whole suite with --runInBand.
  // Two cores do for three: tests wait a third of the time.
  maxWorkers: 3,
  workerIdleMemoryLimit: '500MB',
  // Longer than any wait inside a test, so that it is the wait that says what did not come.
  testTimeout: 120_000,
  projects: [
    {
      ...project,
      displayName: 'unit',
      testMatch: ['<rootDir>/{src,test}/**/*.spec.ts'],
    },
    {
      ...project,
      displayName: 'e2e',
      setupFilesAfterEnv: ['<rootDir>/test/support/retry.ts'],
      testMatch: ['<rootDir>/test/**/*.e2e-spec.ts'],
      globalSetup: '<rootDir>/test/support/global-setup.mjs',
      globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
    },
  ],
};
