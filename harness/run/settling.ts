/**
 * Decides when a control has shown enough after a resume point: everything that has ever moved has moved again. It does
 * not wait for what starts to move only later, so a report must say that the run was cut. If something does not move
 * again, all steps run.
 */
import type { SampleRecord, StateRecord, StepRecord, TensorRecord } from '../trace/schema.ts';

export interface Shown {
  readonly state: StateRecord;
  readonly samples: readonly SampleRecord[];
}

export interface Settling {
  /** What the control holds before its first step. */
  begins(state: StateRecord): void;
  /** What it holds at a resume point. */
  resumes(shown: Shown): void;
  /**
   * Notes a step.
   * @returns whether state and samples are now worth a look
   */
  steps(record: StepRecord, names: readonly string[]): boolean;
  /** @returns whether everything has moved again */
  looks(shown: Shown): boolean;
}

/** Tensors that a step may move. Parameters are not among them: each step records their movement. */
const MOVING: readonly TensorRecord['kind'][] = ['slot', 'ema', 'buffer'];

export function createSettling(): Settling {
  const ever = new Set<string>();
  const again = new Set<string>();
  /** The learning rate of each parameter's last update, and the parameters for which it differs from the one before. */
  const learningRates = new Map<string, number>();
  const scheduled = new Set<string>();
  let start: ReadonlyMap<string, TensorRecord> = new Map();
  let from: Shown | undefined;
  /** The step of the next look; infinite before the first resume point and once settled. */
  let next = Number.POSITIVE_INFINITY;
  let step = 0;
  return {
    begins(state) {
      start = moving(state);
    },
    resumes(shown) {
      from = shown;
      again.clear();
      // A rate that stands still may never move again. One that moves shows a stale one only once it has moved.
      for (const name of learningRates.keys()) {
        if (scheduled.has(name)) ever.add(`learning rate ${name}`);
        else ever.delete(`learning rate ${name}`);
      }
      next = shown.state.step + 1;
    },
    steps(record, names) {
      step = record.step;
      const moved = names.flatMap((name, column) => [
        ...(record.changed[column] ? [`parameter ${name}`] : []),
        ...(record.hookCalls[column]! > 0 ? [`hook ${name}`] : []),
        ...(record.updates[column]! > 0 ? [`update ${name}`] : []),
      ]);
      for (const thing of moved) {
        ever.add(thing);
        again.add(thing);
      }
      names.forEach((name, column) => {
        const learningRate = record.learningRates[column];
        if (typeof learningRate !== 'number') return;
        const last = learningRates.get(name);
        learningRates.set(name, learningRate);
        if (last === undefined) return;
        if (last === learningRate) scheduled.delete(name);
        else {
          scheduled.add(name);
          if (ever.has(`learning rate ${name}`)) again.add(`learning rate ${name}`);
        }
      });
      const trained = [...again].some((thing) => thing.startsWith('parameter '));
      return step >= next && trained && ever.size === again.size;
    },
    looks({ state, samples }) {
      const now = moving(state);
      const shown = digests(samples);
      const movedBefore = [...moving(from!.state)].filter(([key, tensor]) => {
        const first = start.get(key);
        return first === undefined ? tensor.l2 !== 0 : first.digest !== tensor.digest;
      });
      const settled =
        movedBefore.every(([key, { digest }]) => now.get(key)?.digest !== digest) &&
        [...digests(from!.samples)].every(([name, digest]) => shown.get(name) !== digest);
      // A look is expensive, so the distance doubles each time.
      next = settled ? Number.POSITIVE_INFINITY : 2 * step - from!.state.step;
      return settled;
    },
  };
}

const moving = ({ tensors }: StateRecord): ReadonlyMap<string, TensorRecord> =>
  new Map(
    tensors
      .filter(({ kind }) => MOVING.includes(kind))
      .map((tensor) => [`${tensor.kind} ${tensor.name}`, tensor]),
  );

const digests = (samples: readonly SampleRecord[]): ReadonlyMap<string, string> =>
  new Map(samples.map(({ name, digest }) => [name, digest]));
