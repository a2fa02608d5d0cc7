import { defineConfig } from 'vitest/config';

/** Real servers, a real kernel: one file after the other, so that they do not disturb each other. */
const alone = { fileParallelism: false, testTimeout: 120_000, hookTimeout: 300_000 } as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.kernel.test.ts', 'test/**/*.collector.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 300_000,
        },
      },
      { test: { name: 'kernel', include: ['test/**/*.kernel.test.ts'], ...alone } },
      { test: { name: 'collector', include: ['test/**/*.collector.test.ts'], ...alone } },
    ],
  },
});
