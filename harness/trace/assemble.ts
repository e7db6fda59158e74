/** Puts the records of one process together, and checks that they come in an order in which a process can write them. */
import type { ColumnPool } from './columns.ts';
import { endedOnPurpose, resumes } from './roles.ts';
import type { StateRecord, Trace, TraceRecord } from './schema.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key] };

export interface Assembly {
  /** Adds the next record. Returns what is wrong with it, if anything; it is not added then. */
  take(record: TraceRecord): string | undefined;
  /** @param defect the first defect found while the records were read */
  finish(defect: string | undefined): Trace;
}

/**
 * The points at which a state or a sample is recorded. A process begins with `start` or `resume`, passes and saves after
 * its steps, and closes with `end`.
 */
type At = StateRecord['at'];
const BEGINS: readonly At[] = ['start', 'resume'];

/** Of a step, with an entry for each parameter. */
const COLUMNS = [
  'l2',
  'updateL2',
  'changed',
  'gradientL2',
  'appliedGradientL2',
  'hookCalls',
  'updates',
  'learningRates',
] as const;

/** @param file where the records come from */
export function assemble(file: string, columns: ColumnPool): Assembly {
  const trace: Mutable<Trace> = {
    file,
    run: undefined,
    states: [],
    steps: [],
    samples: [],
    resumed: undefined,
    saved: [],
    checkpoints: [],
    failure: undefined,
    end: undefined,
    process: undefined,
    defect: undefined,
  };
  let names: readonly string[] = [];
  let groups: readonly (string | null)[] = [];
  let isNamed = false;
  let isShared = true;
  /** The last step made, or the step that the process starts or resumes after. */
  let last = 0;
  const checkpoints = new Set<string>();
  const contents = new Set<string>();
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
    trace.states.some(({ at }) => at === 'end') || trace.samples.some(({ at }) => at === 'end');
  /** Nothing is recorded of a process that resumes before it says from where. It can fail before that. */
  const waits = (kind: TraceRecord['kind']): boolean =>
    resumes(trace.run!.role) && trace.resumed === undefined && kind !== 'resumed' && kind !== 'failure';

  const check = (record: TraceRecord): string | undefined => {
    const isOne = `is ${record.kind === 'end' ? 'an' : 'a'} ${record.kind} record`;
    if (trace.process !== undefined) return `${isOne} after the process record`;
    if (record.kind === 'process') return undefined;
    if (record.kind === 'checkpoint') {
      if (!checkpoints.has(record.checkpoint))
        return `tells what is in the checkpoint '${record.checkpoint}', which was not saved before`;
      return contents.has(record.checkpoint)
        ? `tells a second time what is in the checkpoint '${record.checkpoint}'`
        : undefined;
    }
    if (record.kind === 'run') return trace.run === undefined ? undefined : 'is a second run record';
    if (trace.run === undefined) return 'comes before the run record';
    if (trace.failure !== undefined) return `${isOne} after a failure`;
    if (trace.end !== undefined) return `${isOne} after the end record`;
    if (waits(record.kind)) return `${isOne} before the resumed record`;
    switch (record.kind) {
      case 'parameters':
        if (record.names.length !== record.groups.length) return 'names and groups differ in length';
        if (new Set(record.names).size !== record.names.length) return 'names a parameter twice';
        return undefined;
      case 'step': {
        if (!isNamed) return `is step ${record.step} before the first parameters record`;
        const wrong = COLUMNS.find((name) => (record[name]?.length ?? names.length) !== names.length);
        if (wrong !== undefined) {
          const length = record[wrong]!.length;
          return `is step ${record.step}, whose column '${wrong}' is ${length} long instead of ${names.length}`;
        }
        if (record.step !== last + 1) return `is step ${record.step}, but step ${last + 1} comes next`;
        return closed() ? `is step ${record.step} after the run had ended` : undefined;
      }
      case 'state': {
        const twice = firstTwice(record.tensors.map(({ kind, name }) => `${kind} '${name}'`));
        if (twice !== undefined) return `is a state that holds ${twice} twice`;
        return point('state', record.at, record.step);
      }
      case 'sample':
        return point('sample', record.at, record.step, record.name);
      case 'resumed':
        if (!resumes(trace.run.role))
          return `is a resumed record in a process of the role '${trace.run.role}'`;
        return trace.resumed === undefined ? undefined : 'is a second resumed record';
      case 'saved':
        if (checkpoints.has(record.checkpoint)) return `is a second checkpoint named '${record.checkpoint}'`;
        if (trace.saved.at(-1)?.step === record.step) return `is a second checkpoint of step ${record.step}`;
        return record.step === last ? undefined : `is a checkpoint of step ${record.step} after step ${last}`;
      case 'failure':
        // A process that could not resume knows only where it should have.
        if (waits('step')) return undefined;
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
        break;
      case 'resumed':
        trace.resumed = record;
        last = record.step;
        break;
      case 'parameters':
        ({ names, groups } = record);
        isNamed = true;
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
      case 'saved':
        trace.saved.push(record);
        checkpoints.add(record.checkpoint);
        break;
      case 'checkpoint':
        trace.checkpoints.push(record);
        contents.add(record.checkpoint);
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
      else if (trace.end === undefined && !endedOnPurpose(trace)) {
        const lacking = trace.process === undefined ? 'an end or a process record' : 'an end record';
        trace.defect ??= `ends before the run did, without ${lacking}`;
      }
      return trace;
    },
  };
}

function firstTwice(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}
