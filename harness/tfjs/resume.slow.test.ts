import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../backend/backend.ts';
import { begin, run, stateOf } from './testing/runs.ts';
import { LOOPS, OPTIMIZERS, training } from './testing/trainings.ts';

let scratch: string;
let saves = 0;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-layers-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test('for any loop, optimizer and resume points, a resumed run equals an uninterrupted one bit for bit', async () => {
    const cases = fc.record({
      loop: fc.constantFrom(...Object.keys(LOOPS)),
      optimizer: fc.constantFrom(...(Object.keys(OPTIMIZERS) as (keyof typeof OPTIMIZERS)[])),
      resumeAt: fc
        .uniqueArray(fc.integer({ min: 0, max: 7 }), { minLength: 1, maxLength: 3 })
        .map((points) => points.sort((a, b) => a - b)),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ loop, optimizer, resumeAt }) => {
        const of = training(LOOPS[loop]!, OPTIMIZERS[optimizer]);
        const control = await begin(of);
        const expected = await run(control, 0, 8);
        let resumed = await begin(of);
        const seen = [];
        let from = 0;
        for (const point of [...resumeAt, 8]) {
          seen.push(...(await run(resumed, from, point)));
          from = point;
          if (point === 8) break;
          const file = path.join(scratch, `checkpoint-${++saves}`);
          await resumed.save(file);
          const held = await stateOf(resumed, point);
          resumed = await begin(of, file);
          expect(await stateOf(resumed, point)).toEqual(held);
        }
        expect(seen).toEqual(expected);
        expect(await stateOf(resumed, 8)).toEqual(await stateOf(control, 8));
      }),
      { numRuns: 25 },
    );
  });
});
