/**
 * Turns a live trainer into records. It measures the tensors, and records the trainer's own statements separately as
 * claims.
 */
import { reshape, type Variable } from '@tensorflow/tfjs-core';
import type {
  ParametersRecord,
  SampleRecord,
  StateRecord,
  StepRecord,
  TraceRecord,
} from '../trace/schema.ts';
import { observeTraining } from '../training/observation.ts';
import type { StepClaim, Trainer } from '../training/trainer.ts';
import { measurements } from './measure.ts';
import { recordSamples } from './samples.ts';
import { recordCounts, recordOthers, recordState } from './state.ts';

export type SamplePoint = SampleRecord['at'];

export interface Probe {
  /**
   * Runs and measures one step of the trainer.
   * @param inFull whether to measure slots, EMAs, buffers and accumulated gradients too
   */
  step(step: number, inFull?: boolean): Promise<StepRecord>;
  state(at: StateRecord['at'], step: number): Promise<StateRecord>;
  /** Records nothing if the trainer cannot sample. The judge checks whether that was declared. */
  sample(at: SamplePoint, step: number): Promise<readonly SampleRecord[]>;
  /** Seconds spent so far in the trainer's steps, measuring and sampling. */
  readonly seconds: { training: number; probing: number; sampling: number };
}

const countUp = (counts: Map<Variable, number>, variable: Variable): void => {
  counts.set(variable, (counts.get(variable) ?? 0) + 1);
};

/** A loss that is no number is a mistake of the program, unlike one that is NaN. */
function requireLoss(claim: StepClaim): void {
  const loss: unknown = claim?.loss;
  if (typeof loss === 'number') return;
  const received = typeof loss === 'string' ? `the text '${loss}'` : `a value of type ${typeof loss}`;
  throw new Error(
    `the trainer's step() must return its loss as a number, received ${received}; read it with (await loss.data())[0]`,
  );
}

/** @param folder of the trace; samples go into a subfolder */
export function createProbe(trainer: Trainer, folder: string, write: (record: TraceRecord) => void): Probe {
  const measure = measurements();
  const seconds = { training: 0, probing: 0, sampling: 0 };
  const time = async <T>(what: keyof typeof seconds, work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    try {
      return await work();
    } finally {
      seconds[what] += (performance.now() - start) / 1000;
    }
  };
  let known: ParametersRecord | undefined;

  return {
    seconds,
    async step(step, inFull = false) {
      const before = new Map(
        // Keeps the old values alive without copying them, as clone() would on wasm.
        trainer.observe().parameters.map(({ name, variable }) => [name, reshape(variable, variable.shape)]),
      );
      const gradients = new Map<Variable, () => number>();
      const gradientCalls = new Map<Variable, number>();
      const applied = new Map<Variable, () => number>();
      const hookCalls = new Map<Variable, number>();
      const updates = new Map<Variable, number>();
      const learningRates = new Map<Variable, number>();
      observeTraining({
        gradient: (variable, gradient) => {
          countUp(gradientCalls, variable);
          gradients.set(variable, measure.l2(gradient));
        },
        hook: (variable) => countUp(hookCalls, variable),
        update: (variable, learningRate, gradient) => {
          countUp(updates, variable);
          learningRates.set(variable, learningRate);
          if (gradient !== undefined) applied.set(variable, measure.l2(gradient));
        },
      });
      const start = performance.now();
      const claim = await trainer.step().finally(() => observeTraining(undefined));
      const elapsed = (performance.now() - start) / 1000;
      seconds.training += elapsed;
      requireLoss(claim);

      return time('probing', async () => {
        const observed = trainer.observe();
        const { parameters } = observed;
        const table: ParametersRecord = {
          kind: 'parameters',
          names: parameters.map(({ name }) => name),
          groups: parameters.map(({ group }) => group ?? null),
        };
        if (JSON.stringify(table) !== JSON.stringify(known)) {
          known = table;
          write(table);
        }
        const changes = parameters.map(({ name, variable }) =>
          // A new parameter has no old values, so it is compared with itself.
          measure.change(variable, before.get(name) ?? variable),
        );
        await measure.collect();
        for (const values of before.values()) values.dispose();
        const measured = changes.map((change) => change());
        const own = new Set(parameters.map(({ variable }) => variable));
        const strays = (counts: Iterable<[Variable, number]>): number =>
          [...counts].reduce((sum, [variable, count]) => sum + (own.has(variable) ? 0 : count), 0);
        const record: StepRecord = {
          kind: 'step',
          step,
          seconds: elapsed,
          claimed: {
            step: claim.step ?? null,
            loss: claim.loss,
            learningRates:
              typeof claim.learningRate === 'number'
                ? Object.fromEntries(
                    [...new Set(table.groups)].map((group) => [group ?? 'all', claim.learningRate as number]),
                  )
                : { ...claim.learningRate },
            batch: [...(claim.batch ?? [])],
            applied: claim.applied ?? true,
          },
          l2: measured.map((change) => change.l2),
          updateL2: measured.map((change) => change.updateL2),
          changed: measured.map((change) => change.changed),
          gradientL2: parameters.map(({ variable }) => gradients.get(variable)?.() ?? null),
          appliedGradientL2: parameters.map(({ variable }) => applied.get(variable)?.() ?? null),
          hookCalls: parameters.map(({ variable }) => hookCalls.get(variable) ?? 0),
          updates: parameters.map(({ variable }) => updates.get(variable) ?? 0),
          learningRates: parameters.map(({ variable }) => learningRates.get(variable) ?? null),
          strayHookCalls: strays(hookCalls),
          strayUpdates: strays(updates),
          strayGradients: strays(gradientCalls),
          ...recordCounts(observed),
          ...(inFull ? { observed: await recordOthers(observed) } : {}),
        };
        write(record);
        return record;
      });
    },
    state: (at, step) =>
      time('probing', async () => {
        const record = await recordState(at, step, trainer.observe());
        write(record);
        return record;
      }),
    sample: (at, step) =>
      time('sampling', async () => {
        const records = await recordSamples(folder, at, step, (await trainer.sample?.()) ?? []);
        for (const record of records) write(record);
        return records;
      }),
  };
}
