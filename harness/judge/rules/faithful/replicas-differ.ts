import { resumesIn } from '../../../trace/history.ts';
import type { StateRecord, Trace } from '../../../trace/schema.ts';
import { indexOf } from '../../columns.ts';
import type { Evidence } from '../../evidence.ts';
import { resumeOf } from '../../process.ts';
import { ranksNamed } from '../../ranks.ts';
import type { Found, Rule } from '../../rule.ts';
import { listed, ofAll, plural, valuesApart } from '../../words.ts';

/** The traces of one process, in the order of the ranks. */
type Process = readonly Trace[];

interface Departure {
  readonly step: number;
  readonly where: string;
  readonly names: readonly string[];
  /** How many replicas the control has here. */
  readonly total: number;
  /** Of the first name, on each rank: what is equal on replicas, and the norm that shows it. */
  readonly values: readonly { readonly value: unknown; readonly l2: number | undefined }[];
}

/** What must be equal on all ranks, by what the control and its twins show. */
class Replicas {
  readonly #controls: readonly Process[];
  readonly #declared: boolean;
  #steady: ReadonlySet<string> | undefined;

  constructor(controls: readonly Process[], declared: boolean) {
    this.#controls = controls;
    this.#declared = declared;
  }

  /** The tensors that are equal on all ranks of each control at a point; undefined if a control does not show it. */
  at(at: StateRecord['at'], step: number): ReadonlySet<string> | undefined {
    const points =
      at === 'start' ? ['start'] : at === 'resume' && this.#declared ? ['deviated'] : ['pass', 'end'];
    const shown = this.#controls.map((control) =>
      control.map(({ states }) => states.find((state) => state.step === step && points.includes(state.at))),
    );
    if (shown.flat().includes(undefined)) return undefined;
    return common(shown.map((states) => equalTensors(states as StateRecord[])));
  }

  /**
   * The parameters that are equal on all ranks in each state and at each step of each control. Norms that a device sums
   * in any order can be equal by chance, but not in every step.
   */
  get steady(): ReadonlySet<string> {
    this.#steady ??= common(this.#controls.map(steadyIn));
    return this.#steady;
  }
}

function steadyIn(control: Process): ReadonlySet<string> {
  const [first] = control;
  if (first === undefined) return new Set();
  const inStates = first.states.map(({ at, step }) =>
    equalTensors(
      control.flatMap(({ states }) => states.find((state) => state.at === at && state.step === step) ?? []),
    ),
  );
  const names = parametersIn(common(inStates));
  return new Set(names.filter((name) => first.steps.every(({ step }) => !isApart(control, step, name))));
}

function common(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  const [first, ...others] = sets;
  return new Set([...(first ?? [])].filter((key) => others.every((other) => other.has(key))));
}

const PARAMETER = 'parameter ';
const parametersIn = (keys: ReadonlySet<string>): string[] =>
  [...keys].filter((key) => key.startsWith(PARAMETER)).map((key) => key.slice(PARAMETER.length));

const tensorsIn = ({ tensors }: StateRecord) =>
  new Map(tensors.map((tensor) => [`${tensor.kind} ${tensor.name}`, tensor]));

function equalTensors(states: readonly StateRecord[]): ReadonlySet<string> {
  const [first, ...others] = states.map(tensorsIn);
  if (first === undefined) return new Set();
  return new Set(
    [...first]
      .filter(([key, { digest }]) => others.every((own) => own.get(key)?.digest === digest))
      .map(([key]) => key),
  );
}

function normAt({ steps }: Trace, step: number, name: string): number | undefined {
  // Steps have no gaps, so the place of one tells that of all.
  const own = steps[step - (steps[0]?.step ?? 0)];
  return own?.step === step ? own.l2[indexOf(own.names).get(name) ?? -1] : undefined;
}

function isApart(process: Process, step: number, name: string): boolean {
  const norm = normAt(process[0]!, step, name);
  return process.some((trace) => !Object.is(normAt(trace, step, name), norm));
}

/** Where the ranks of a process first hold different values of a replica. */
function departureOf(process: Process, replicas: Replicas): Departure | undefined {
  const [first] = process;
  const inStates = (first?.states ?? []).flatMap(({ at, step }): Departure[] => {
    const states = process.map((trace) =>
      trace.states.find((state) => state.at === at && state.step === step),
    );
    const expected = states.includes(undefined) ? undefined : replicas.at(at, step);
    if (expected === undefined) return [];
    const equal = equalTensors(states as StateRecord[]);
    const apart = [...expected].filter((key) => !equal.has(key));
    if (apart.length === 0) return [];
    return [
      {
        step,
        where: at === 'resume' ? 'right after it' : `in the state '${at}' of step ${step}`,
        names: apart.map((key) => key.slice(key.indexOf(' ') + 1)),
        total: expected.size,
        values: states.map((state) => {
          const tensor = tensorsIn(state!).get(apart[0]!);
          return { value: tensor?.digest, l2: tensor?.l2 };
        }),
      },
    ];
  });
  const steady = [...replicas.steady];
  const begin = first?.steps.find(({ step }) => steady.some((name) => isApart(process, step, name)));
  const names = begin === undefined ? [] : steady.filter((name) => isApart(process, begin.step, name));
  const inSteps: Departure[] =
    begin === undefined
      ? []
      : [
          {
            step: begin.step,
            where: `at step ${begin.step}`,
            names,
            total: steady.length,
            values: process.map((trace) => {
              const l2 = normAt(trace, begin.step, names[0]!);
              return { value: l2, l2 };
            }),
          },
        ];
  const [earliest] = [...inStates, ...inSteps].toSorted((a, b) => a.step - b.step);
  return earliest;
}

/** The ranks that hold another value than most; all of them if no value has a majority. */
function departed(values: Departure['values'], ranks: readonly number[]): number[] {
  const groups = [...Map.groupBy(ranks, (_, at) => values[at]!.value).values()];
  const most = groups.find((group) => group.length * 2 > ranks.length);
  return ranks.filter((rank) => most === undefined || !most.includes(rank));
}

function seenOf({ values, names }: Departure, ranks: readonly number[]): string {
  const [first] = values;
  const at = values.findIndex(({ value }) => value !== first!.value);
  const [one, other] = valuesApart(first!.l2, values[at]!.l2);
  const bytes = one === other ? ', with different bytes' : '';
  return `${listed(names.slice(0, 1))} has L2 norm ${one} on rank ${ranks[0]} and ${other} on rank ${ranks[at]}${bytes}`;
}

export const replicasDiffer: Rule = {
  id: 'replicas-differ',
  proof: 'faithful',
  claim: 'In a run of several ranks, what is equal on all ranks of the control is equal on all ranks.',
  reads:
    'the bytes of each tensor in the states, and the norm of each parameter after each step, on all ranks',
  speaks: 'before the first step',
  ofAllRanks: true,
  judge: ({ ranks, history, deviates }) => {
    // Nothing resumes from a control, so its id need not be the same on all ranks.
    const control = ranks.flatMap((rank) => rank.control ?? []);
    if (ranks.length < 2 || control.length < ranks.length) return [];
    const controls = [control, ...processesOf(ranks, (rank) => rank.controls.slice(1))];
    const replicas = new Replicas(controls, deviates.length > 0);
    const resumed = new Set(resumesIn(history).map(({ id }) => id));
    const [evidence] = ranks;
    const numbers = ranks.map(({ rank }) => rank);
    return processesOf(ranks, ({ traces }) =>
      traces.filter(({ run }) => run?.role === 'before' || run?.role === 'after'),
    ).flatMap((process): Found[] => {
      const departure = departureOf(process, replicas);
      if (departure === undefined) return [];
      const { names, total, step, where } = departure;
      const id = process[0]!.run!.id;
      const resume = resumeOf(evidence!, process[0]!);
      const own = departed(departure.values, numbers);
      const when = resume === 0 ? `In the ${id} process` : `After resume ${resume}`;
      return [
        {
          sentence: `${when}, ${ofAll(names.length, total, 'replica')} ${plural(names.length, 'is', 'are')} not equal on all ranks ${where}: ${listed(names)} ${plural(names.length, 'differs', 'differ')} ${own.length === ranks.length ? 'between' : 'on'} ${ranksNamed(own)}.`,
          // Without a resume, it shows nothing of one.
          refutes: resumed.has(id),
          resume,
          step,
          ranks: own,
          subjects: [...names],
          total,
          expected: `the same values on all ${ranks.length} ranks, as in the control`,
          seen: seenOf(departure, numbers),
          likelyCause:
            'a rank was restored from another checkpoint than the others, or it does not get what the ranks exchange after a step: gradients by all-reduce, parameters by broadcast',
          fix: 'restore all ranks from one step, and set up the exchange between them again after the load',
        },
      ];
    });
  },
};

/** The processes of which every rank left a trace. */
function processesOf(
  ranks: readonly Evidence[],
  tracesOf: (evidence: Evidence) => readonly Trace[],
): Process[] {
  const [first, ...others] = ranks.map(
    (evidence) => new Map(tracesOf(evidence).map((trace) => [trace.run?.id, trace])),
  );
  return [...(first ?? [])].flatMap(([id, trace]) => {
    const process = [trace, ...others.flatMap((own) => own.get(id) ?? [])];
    return process.length === ranks.length ? [process] : [];
  });
}
