/**
 * When a control has shown, after its last resume point, all that a resumed run is asked for: everything that
 * has moved in its life has moved again. What would move only later is not waited for, and whoever stops here
 * says so; where something does not move again, all steps are run.
 */
import type { SampleRecord, StateRecord, StepRecord, TensorRecord } from '../trace/schema.ts';

export interface Shown {
  readonly state: StateRecord;
  readonly samples: readonly SampleRecord[];
}

export interface Settling {
  /** What the control holds before its first step. */
  begins(state: StateRecord): void;
  /** What it goes on from at a resume point. */
  resumes(shown: Shown): void;
  /**
   * Notes a step.
   * @returns whether state and pictures are now worth a look
   */
  steps(record: StepRecord, names: readonly string[]): boolean;
  /** @returns whether all has moved again */
  looks(shown: Shown): boolean;
}

/** Tensors that a step may move besides parameters, whose movement each step records. */
const MOVING: readonly TensorRecord['kind'][] = ['slot', 'average', 'buffer'];

/** @param last the last resume point */
export function createSettling(last: number): Settling {
  const ever = new Set<string>();
  const again = new Set<string>();
  let start: ReadonlyMap<string, TensorRecord> = new Map();
  let from: ReadonlyMap<string, TensorRecord> = new Map();
  let pictures: ReadonlyMap<string, string> = new Map();
  let next = last + 1;
  let at = 0;
  return {
    begins(state) {
      start = moving(state);
    },
    resumes({ state, samples }) {
      from = moving(state);
      pictures = digests(samples);
    },
    steps(record, names) {
      at = record.step;
      names.forEach((name, column) => {
        const things = [
          ...(record.changed[column] ? [`parameter ${name}`] : []),
          ...(record.hookCalls[column]! > 0 ? [`hook ${name}`] : []),
          ...(record.updates[column]! > 0 ? [`update ${name}`] : []),
        ];
        for (const thing of things) (at > last ? again : ever).add(thing);
      });
      const moved = [...again].some((thing) => thing.startsWith('parameter '));
      return at >= next && moved && [...ever].every((thing) => again.has(thing));
    },
    looks({ state, samples }) {
      // Looking costs: twice as far each time.
      next = last + 2 * (at - last);
      const now = moving(state);
      const shown = digests(samples);
      const moved = [...from].filter(([key, tensor]) => {
        const first = start.get(key);
        return first === undefined ? tensor.l2 !== 0 : first.sha256 !== tensor.sha256;
      });
      return (
        moved.every(([key, { sha256 }]) => now.get(key)?.sha256 !== sha256) &&
        [...pictures].every(([name, sha256]) => shown.get(name) !== sha256)
      );
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
  new Map(samples.map(({ name, sha256 }) => [name, sha256]));
