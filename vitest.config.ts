import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const shared = {
  pool: 'forks',
  // Vitest leaves one processor to itself, which of two is half.
  maxWorkers: availableParallelism(),
  // A process for each file, and the same modules loaded into each, would take as long as the tests themselves.
  isolate: false,
  setupFiles: 'test/leave-no-trace.ts',
  testTimeout: 20_000,
  hookTimeout: 60_000,
  restoreMocks: true,
  unstubEnvs: true,
} as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/end-to-end/**'],
        },
      },
      {
        test: {
          ...shared,
          name: 'end-to-end',
          include: ['test/end-to-end/**/*.test.ts'],
          globalSetup: ['test/end-to-end/build-plugins.ts'],
        },
      },
    ],
  },
});
