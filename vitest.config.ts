import { defineConfig } from 'vitest/config';

const include = ['harness', 'scenarios', 'fixtures', 'scripts'].map((folder) => `${folder}/**/*.test.ts`);
const slow = '**/*.slow.test.ts';

export default defineConfig({
  test: {
    // TensorFlow.js keeps global state, and its native addon fails in a second worker thread.
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'everyday', include, exclude: [slow], testTimeout: 30_000 } },
      { extends: true, test: { name: 'slow', include: [slow], testTimeout: 300_000, hookTimeout: 300_000 } },
    ],
  },
});
