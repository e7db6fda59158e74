/** Proves random healthy trainers in its own process: `healthy.ts TRAINERS SEED` sends its results and exits. */
import { rm } from 'node:fs/promises';
import fc from 'fast-check';
import { openBackend } from '../../harness/backend/backend.ts';
import { type Healthy, healthyTrainers } from '../../scenarios/network/testing/arbitrary.ts';
import { alarmOf, prove, scratchFolder } from '../../scenarios/network/testing/prove.ts';

export interface HealthyCost {
  readonly trainers: number;
  readonly seed: number;
  readonly falseAlarms: readonly { readonly trainer: Healthy; readonly findings: readonly string[] }[];
  /** Trainers that are inconclusive because the control does not move after the last resume. */
  readonly open: number;
  readonly seconds: number;
}

async function measure(trainers: number, seed: number): Promise<HealthyCost> {
  const scratch = await scratchFolder();
  const { record } = await openBackend('wasm');
  const falseAlarms: HealthyCost['falseAlarms'][number][] = [];
  let open = 0;
  const began = performance.now();
  try {
    for (const trainer of fc.sample(healthyTrainers, { numRuns: trainers, seed })) {
      const judgement = await prove(trainer, record, scratch);
      const alarm = alarmOf(judgement);
      if (alarm === 'open') open += 1;
      if (alarm !== 'false alarm') continue;
      const findings = judgement.findings.map(({ rule, sentence }) => `${rule}: ${sentence}`);
      falseAlarms.push({ trainer, findings });
    }
  } finally {
    await rm(scratch, { recursive: true });
  }
  return { trainers, seed, falseAlarms, open, seconds: (performance.now() - began) / 1000 };
}

const [trainers, seed] = process.argv.slice(2).map(Number) as [number, number];
const measured = await measure(trainers, seed);
process.send!(measured, () => process.exit());
