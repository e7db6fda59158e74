/** Puts the records of one process together, and checks that they come in an order in which a process can write them. */
import type { ColumnPool } from './columns.ts';
import { firstStep } from './plan.ts';
import type { StateRecord, Trace, TraceRecord } from './schema.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key] };

export interface Assembly {
  /** Adds the next record. Returns what is wrong with it, if anything; it is not added then. */
  take(record: TraceRecord): string | undefined;
  /** @param defect the first defect found while the records were read */
  finish(defect: string | undefined): Trace;
}

/**
 * The points at which a state or a sample is recorded. A process begins with `start` or `resume`, passes points after
 * its steps, and closes with `save` or `end`.
 */
type At = StateRecord['at'];
const BEGINS: readonly At[] = ['start', 'resume'];
const CLOSES: readonly At[] = ['save', 'end'];

/** @param file where the records come from */
export function assemble(file: string, columns: ColumnPool): Assembly {
  const trace: Mutable<Trace> = {
    file,
    run: undefined,
    states: [],
    steps: [],
    samples: [],
    checkpoints: [],
    failure: undefined,
    end: undefined,
    process: undefined,
    defect: undefined,
  };
  let names: readonly string[] = [];
  let groups: readonly (string | null)[] = [];
  let isShared = true;
  /** The last step made, or the step that the process starts or resumes after. */
  let last = 0;
  const points = new Set<string>();

  const point = (what: string, at: At, step: number, name = ''): string | undefined => {
    const found = `${what} '${at}' of step ${step}${name === '' ? '' : ` named '${name}'`}`;
    if (step !== last) return `is the ${found} after step ${last}`;
    if (BEGINS.includes(at) && trace.steps.length > 0) return `is the ${found} after the first step`;
    if (points.has(found)) return `is a second ${found}`;
    points.add(found);
    return undefined;
  };
  const closed = (): boolean =>
    trace.states.some(({ at }) => CLOSES.includes(at)) || trace.samples.some(({ at }) => CLOSES.includes(at));

  const check = (record: TraceRecord): string | undefined => {
    if (trace.process !== undefined) return `is a ${record.kind} record after the process record`;
    if (record.kind === 'process') return undefined;
    if (record.kind === 'run') return trace.run === undefined ? undefined : 'is a second run record';
    if (trace.run === undefined) return 'comes before the run record';
    if (trace.failure !== undefined) return `is a ${record.kind} record after a failure`;
    if (trace.end !== undefined) return `is a ${record.kind} record after the end record`;
    switch (record.kind) {
      case 'parameters':
        if (record.names.length !== record.groups.length) return 'names and groups differ in length';
        if (new Set(record.names).size !== record.names.length) return 'names a parameter twice';
        return undefined;
      case 'step': {
        const own = [
          record.l2,
          record.updateL2,
          record.changed,
          record.gradientL2,
          record.appliedGradientL2 ?? record.gradientL2,
          record.hookCalls,
          record.updates,
          record.learningRates,
        ];
        if (own.some((column) => column.length !== names.length)) {
          return `is step ${record.step} with columns that do not match the ${names.length} parameters`;
        }
        if (record.step !== last + 1) return `jumps from step ${last} to step ${record.step}`;
        return closed() ? `is step ${record.step} after the run was saved or had ended` : undefined;
      }
      case 'state': {
        const twice = firstTwice(record.tensors.map(({ kind, name }) => `${kind} '${name}'`));
        if (twice !== undefined) return `is a state that holds ${twice} twice`;
        return point('state', record.at, record.step);
      }
      case 'sample':
        return point('sample', record.at, record.step, record.name);
      case 'checkpoint':
        if (trace.checkpoints.length > 0) return 'is a second checkpoint record';
        return record.step === last ? undefined : `is a checkpoint of step ${record.step} after step ${last}`;
      case 'failure':
        return record.step === last || record.step === last + 1
          ? undefined
          : `is a failure at step ${record.step} after step ${last}`;
      case 'end':
        return record.step === last ? undefined : `ends at step ${record.step} after step ${last}`;
    }
  };

  const add = (record: TraceRecord): void => {
    switch (record.kind) {
      case 'run':
        trace.run = record;
        last = firstStep(record.role, record.segment, record.plan);
        break;
      case 'parameters':
        ({ names, groups } = record);
        isShared = false;
        break;
      case 'step':
        // Not before there is a step: a file may hold millions of tables.
        if (!isShared) [names, groups, isShared] = [columns.shared(names), columns.shared(groups), true];
        trace.steps.push({ ...record, names, groups });
        last = record.step;
        break;
      case 'state':
        trace.states.push(record);
        break;
      case 'sample':
        trace.samples.push(record);
        break;
      case 'checkpoint':
        trace.checkpoints.push(record);
        break;
      case 'failure':
        trace.failure = record;
        break;
      case 'end':
        trace.end = record;
        break;
      case 'process':
        trace.process = record;
    }
  };

  return {
    take(record) {
      const defect = check(record);
      if (defect === undefined) add(record);
      return defect;
    },
    finish(defect) {
      trace.defect = defect;
      if (trace.run === undefined) trace.defect ??= 'is empty';
      else if (trace.end === undefined) trace.defect ??= 'ends before the run did';
      return trace;
    },
  };
}

function firstTwice(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}
