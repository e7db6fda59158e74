import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const include = ['harness', 'scenarios', 'fixtures', 'scripts'].map((folder) => `${folder}/**/*.test.ts`);
const slow = '**/*.slow.test.ts';

/** Runs the quickest file first, so that a result is there at once; then the slowest first, as Vitest does. */
class QuickestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.slice(-1), ...sorted.slice(0, -1)];
  }
}

export default defineConfig({
  test: {
    // TensorFlow.js keeps global state, and its native addon fails in a second worker thread.
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: QuickestFirst },
    projects: [
      { extends: true, test: { name: 'everyday', include, exclude: [slow], testTimeout: 30_000 } },
      { extends: true, test: { name: 'slow', include: [slow], testTimeout: 300_000, hookTimeout: 300_000 } },
    ],
  },
});
