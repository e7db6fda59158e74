/** What one process says twice, or says of itself that cannot be. */
import { isDeepStrictEqual } from 'node:util';
import type { SampleRecord, StateRecord, TensorRecord, Trace, TracedStep } from '../../trace/schema.ts';
import { indexOf } from '../columns.ts';
import { figure, insteadOf, listed, shown } from '../words.ts';
import type { Said } from './contradiction.ts';

/**
 * Norms are sums that a device may make in float32, in any order. A sum of n squares in blocks is off by far less than
 * this; a damaged one is not.
 */
const TOLERANCE = 1e-3;

const near = (one: number, other: number, scale = Math.max(Math.abs(one), Math.abs(other))): boolean =>
  Object.is(one, other) || Math.abs(one - other) <= TOLERANCE * scale;

/** The first of each kind of contradiction in a trace. */
export function contradictionsWithin(trace: Trace): Said[] {
  const checks = [
    namesApart,
    changesApart,
    normsApart,
    stateApartFromStep,
    movesTooFar,
    unchangedBytes,
    appliedWithoutUpdate,
    noSketch,
    onePointTwice,
  ];
  return checks.flatMap((check) => {
    const found = check(trace);
    return found === undefined ? [] : [found];
  });
}

/** The parameters of a step's columns are those of the state after it. */
function namesApart({ states, steps }: Trace): Said | undefined {
  for (const state of states) {
    const step = stepOf(steps, state);
    if (step === undefined) continue;
    const own = new Set(parametersOf(state).map(({ name }) => name));
    const apart = [
      ...step.names.filter((name) => !own.has(name)),
      ...[...own].filter((name) => !indexOf(step.names).has(name)),
    ];
    if (apart.length > 0)
      return {
        what: `names other parameters in step ${step.step} than in the state '${state.at}' after it: ${listed(apart)}`,
        step: step.step,
        expected: `the ${own.size} parameters of the state`,
        seen: `the ${step.names.length} parameters of the step`,
      };
  }
  return undefined;
}

/** What an update moved is said to have changed. */
function changesApart({ steps }: Trace): Said | undefined {
  for (const { step, names, updateL2, changed } of steps) {
    for (let at = 0; at < updateL2.length; at += 1) {
      if (!(updateL2[at]! > 0) || changed[at]) continue;
      return {
        what: `says that '${names[at]}' did not change in step ${step}, and by how much it did`,
        step,
        expected: `changed: true, for an update of L2 norm ${figure(updateL2[at])}`,
        seen: 'changed: false',
      };
    }
  }
  return undefined;
}

/** A norm in a step's column is that of the tensor in the state after it. */
function normsApart({ states, steps }: Trace): Said | undefined {
  for (const state of states) {
    const step = stepOf(steps, state);
    if (step === undefined) continue;
    const normOf = (name: string): number | undefined => step.l2[indexOf(step.names).get(name) ?? -1];
    const apart = parametersOf(state).find(({ name, l2 }) => !near(normOf(name) ?? l2, l2));
    if (apart !== undefined)
      return {
        what: `gives '${apart.name}' one L2 norm in step ${step.step} and another in the state '${state.at}' after it`,
        step: step.step,
        expected: `L2 norm ${figure(normOf(apart.name))}`,
        seen: `L2 norm ${figure(apart.l2)}`,
      };
  }
  return undefined;
}

/** Counters, generators and other tensors that a step shows are those of the state after it. */
function stateApartFromStep({ states, steps }: Trace): Said | undefined {
  for (const state of states) {
    const step = stepOf(steps, state);
    if (step === undefined) continue;
    const say = (what: string, expected: string, seen: string): Said => ({
      what: `gives ${what} one value in step ${step.step} and another in the state '${state.at}' after it`,
      step: step.step,
      expected,
      seen,
    });
    for (const part of ['counters', 'random'] as const) {
      const own = step[part] ?? {};
      const apart = Object.keys(own).find((name) => !Object.is(own[name], state[part][name]));
      if (apart !== undefined)
        return say(
          `${part === 'counters' ? 'counter' : 'random generator'} '${apart}'`,
          shown(own[apart]),
          shown(Object.hasOwn(state[part], apart) ? state[part][apart] : undefined),
        );
    }
    if (step.observed === undefined) continue;
    const norms = new Map(state.tensors.map(({ kind, name, l2 }) => [`${kind} '${name}'`, l2]));
    for (const { kind, name, l2 } of step.observed) {
      const key = `${kind} '${name}'`;
      const other = norms.get(key);
      if (other === undefined || !near(l2, other))
        return say(key, `L2 norm ${figure(l2)}`, `L2 norm ${figure(other)}`);
    }
  }
  return undefined;
}

/** No norm changes by more than the norm of the update: the triangle inequality. */
function movesTooFar({ steps }: Trace): Said | undefined {
  for (let index = 1; index < steps.length; index += 1) {
    const { step, names, l2, updateL2 } = steps[index]!;
    const last = steps[index - 1]!;
    if (last.names !== names || last.l2 === l2) continue;
    for (let at = 0; at < l2.length; at += 1) {
      const [before, after] = [last.l2[at]!, l2[at]!];
      const slack = TOLERANCE * Math.max(before, after);
      if (!(Math.abs(after - before) > updateL2[at]! * (1 + TOLERANCE) + slack)) continue;
      return {
        what: `moves the L2 norm of '${names[at]}' farther in step ${step} than its update is long`,
        step,
        expected: `at most ${figure(updateL2[at])} from ${figure(before)}`,
        seen: figure(after),
      };
    }
  }
  return undefined;
}

/** What changed once between two states has other bytes; so has what changed and did not come back. */
function unchangedBytes({ states, steps }: Trace): Said | undefined {
  const recorded = states.filter(
    ({ at }) => at !== 'deviated' && at !== 'changed' && at !== 'resume' && at !== 'start',
  );
  for (const [index, state] of recorded.entries()) {
    const before = recorded[index - 1];
    if (before === undefined || before.step === state.step) continue;
    // A deviation between them changes bytes in no step.
    if (states.some(({ at, step }) => at === 'deviated' && step === before.step)) continue;
    const between = steps.filter(({ step }) => step > before.step && step <= state.step);
    const held = new Map(parametersOf(before).map((tensor) => [tensor.name, tensor]));
    const changesOf = countChanges(between);
    for (const tensor of parametersOf(state)) {
      const old = held.get(tensor.name);
      if (old === undefined) continue;
      const changes = changesOf(tensor.name);
      const same = old.digest === tensor.digest;
      // Zero and negative zero are equal in value, and have other bytes.
      const otherValues = !same && (!near(old.l2, tensor.l2) || !sketchesNear(old, tensor));
      if ((same && changes === 1) || (otherValues && changes === 0))
        return {
          what: `says that '${tensor.name}' changed in ${changes} of steps ${before.step + 1} to ${state.step}, and that its bytes ${same ? 'did not' : 'did'}`,
          step: state.step,
          expected: same ? 'other bytes' : 'equal bytes',
          seen: `${old.digest.slice(0, 12)}… and ${tensor.digest.slice(0, 12)}…`,
        };
    }
  }
  return undefined;
}

/** In how many steps a parameter changed. Most steps share one column, which is looked at once. */
function countChanges(steps: readonly TracedStep[]): (name: string) => number {
  const columns = new Map<readonly string[], Map<readonly boolean[], number>>();
  for (const { names, changed } of steps) {
    const own = columns.get(names) ?? new Map<readonly boolean[], number>();
    columns.set(names, own.set(changed, (own.get(changed) ?? 0) + 1));
  }
  return (name) => {
    let sum = 0;
    for (const [names, own] of columns) {
      const at = indexOf(names).get(name) ?? -1;
      for (const [changed, count] of own) if (changed[at]) sum += count;
    }
    return sum;
  };
}

/** Where no update ran, there is neither a learning rate nor a gradient that one used. */
function appliedWithoutUpdate({ steps }: Trace): Said | undefined {
  for (const { step, names, updates, learningRates, appliedGradientL2 } of steps) {
    for (let at = 0; at < updates.length; at += 1) {
      if (updates[at] !== 0) continue;
      if (learningRates[at] === null && (appliedGradientL2?.[at] ?? null) === null) continue;
      return {
        what: `gives the learning rate or the gradient of an update of '${names[at]}' in step ${step}, in which it has none`,
        step,
        expected: 'null, for 0 updates',
        seen: `learning rate ${shown(learningRates[at])}`,
      };
    }
  }
  return undefined;
}

/** A process that passes a point and ends or is saved there is the same both times. */
function onePointTwice({ states, samples }: Trace): Said | undefined {
  const deviated = new Set(states.filter(({ at }) => at === 'deviated').map(({ step }) => step));
  const closes = ({ at }: { readonly at: string }): boolean => at === 'end' || at === 'save';
  const apart = (step: number): Said => ({
    what: `shows step ${step} twice, at 'pass' and after it, and differently`,
    step,
    expected: 'the same twice, since no step lies between',
    seen: 'a difference',
  });
  const state = ({ tensors, counters, random }: StateRecord) => ({ tensors, counters, random });
  for (const passed of states.filter(({ at, step }) => at === 'pass' && !deviated.has(step))) {
    const last = states.find((one) => closes(one) && one.step === passed.step);
    if (last !== undefined && !isDeepStrictEqual(state(last), state(passed))) return apart(passed.step);
  }
  const shown = (step: number, here: (record: SampleRecord) => boolean) =>
    samples
      .filter((sample) => sample.step === step && here(sample))
      .map(({ at: _, file: __, ...sample }) => sample);
  for (const { step } of samples.filter(({ at, step }) => at === 'pass' && !deviated.has(step))) {
    const last = shown(step, closes);
    const passed = shown(step, ({ at }) => at === 'pass');
    if (last.length > 0 && !isDeepStrictEqual(new Set(last), new Set(passed))) return apart(step);
  }
  return undefined;
}

/** Where equal runs may differ, projections are what tells noise from a difference. */
function noSketch({ run, states, samples }: Trace): Said | undefined {
  if (run === undefined || run.backend.deterministic) return undefined;
  const said = (what: string, step: number): Said => ({
    what: `gives ${what} of step ${step} no sketch, on a backend that is not deterministic`,
    step,
    expected: 'an L2 norm and a sketch',
    seen: 'none',
  });
  for (const { step, tensors } of states) {
    const bare = tensors.find(({ kind, sketch }) => kind !== 'gradient' && sketch === undefined);
    if (bare !== undefined) return said(`${bare.kind} '${bare.name}'`, step);
  }
  const bare = samples.find(
    (sample) => sample.type !== 'text' && (sample.l2 === undefined || sample.sketch === undefined),
  );
  return bare && said(`sample '${bare.name}'`, bare.step);
}

/**
 * Equal bytes have equal norms, projections, types and shapes: in all states of all processes.
 * @returns for each trace the first tensor that does not have what an earlier one of equal bytes has
 */
export function equalBytesApart(traces: readonly Trace[]): (Said & { readonly file: string })[] {
  const known = new Map<string, TensorRecord>();
  return traces.flatMap(({ file, states }) => {
    // Another rule compares the groups of processes.
    const groups = new Map<string, string>();
    for (const { at, step, tensors } of states) {
      for (const tensor of tensors) {
        const key = `${tensor.kind} ${tensor.name} ${tensor.digest}`;
        const group = groups.get(key) ?? tensor.group;
        if (group) groups.set(key, group);
        const first = known.get(key);
        if (first === undefined) {
          known.set(key, tensor);
          continue;
        }
        if (first === tensor) continue;
        const where = `gives ${tensor.kind} '${tensor.name}' in the state '${at}' of step ${step} the bytes of another record of it`;
        if (!near(first.l2, tensor.l2) || !sketchesNear(first, tensor))
          return [
            {
              file,
              what: `${where}, and another L2 norm or sketch`,
              step,
              expected: `L2 norm ${figure(first.l2)}`,
              seen: `L2 norm ${insteadOf(tensor.l2, first.l2)}`,
            },
          ];
        const form = ({ dtype, shape, bits, unordered, parameter }: TensorRecord) => ({
          dtype,
          shape,
          bits,
          unordered,
          parameter,
        });
        if (!isDeepStrictEqual(form(first), form(tensor)) || group !== (tensor.group || group))
          return [
            {
              file,
              what: `${where}, and another type, shape, number of bits, digest in any order, parameter or group`,
              step,
              expected: JSON.stringify({ ...form(first), group }),
              seen: JSON.stringify({ ...form(tensor), group: tensor.group }),
            },
          ];
      }
    }
    return [];
  });
}

/** Tensors in the same memory have the same bytes, if they have the same shape and type: one of them is not a part of another. */
export function sharersApart({ states }: Trace): Said[] {
  for (const { at, step, tensors } of states) {
    const known = new Map<string, TensorRecord>();
    for (const tensor of tensors) {
      const place = `${tensor.storage} ${tensor.dtype} ${tensor.shape}`;
      const first = known.get(place) ?? tensor;
      known.set(place, first);
      if (first.digest === tensor.digest) continue;
      const [one, other] = [first, tensor].map(({ kind, name }) => `${kind} '${name}'`);
      return [
        {
          what: `gives ${one} and ${other} one storage in the state '${at}' of step ${step}, but other bytes`,
          step,
          expected: 'the same bytes, or a storage of its own for each tensor that is not tied',
          seen: 'other bytes',
        },
      ];
    }
  }
  return [];
}

/** A tensor in a checkpoint has as many values as the tensor of equal bytes in the state that was saved. */
export function checkpointsApart({ checkpoints, saved, states }: Trace): Said[] {
  return checkpoints.flatMap(({ checkpoint, tensors }): Said[] => {
    const step = saved.find((one) => one.checkpoint === checkpoint)?.step ?? null;
    const state = states.find((one) => one.at === 'save' && one.step === step);
    const byDigest = new Map(state?.tensors.map((tensor) => [tensor.digest, tensor]));
    const countOf = ({ shape }: { readonly shape: readonly number[] }): number =>
      shape.reduce((count, axis) => count * axis, 1);
    const apart = tensors.find((held) => {
      const own = byDigest.get(held.digest);
      return own !== undefined && countOf(own) !== countOf(held);
    });
    if (apart === undefined) return [];
    const own = byDigest.get(apart.digest)!;
    return [
      {
        what: `gives '${apart.name}' in the checkpoint '${checkpoint}' the bytes of ${own.kind} '${own.name}', and another number of values`,
        step,
        expected: `${countOf(own)} values`,
        seen: `${countOf(apart)} values`,
      },
    ];
  });
}

/** The same for samples: equal bytes have equal norms and projections, or equally many characters. */
export function equalSamplesApart(traces: readonly Trace[]): (Said & { readonly file: string })[] {
  const known = new Map<string, SampleRecord>();
  return traces.flatMap(({ file, samples }) => {
    for (const sample of samples) {
      const { type, at, step, name, digest } = sample;
      const key = `${type} ${digest}`;
      const first = known.get(key) ?? sample;
      known.set(key, first);
      const what = describesAnother(first, sample);
      if (what !== undefined)
        return [
          {
            file,
            what: `gives ${type} '${name}' at '${at}' of step ${step} the bytes of another record, and another ${what.name}`,
            step,
            expected: what.expected,
            seen: what.seen,
          },
        ];
    }
    return [];
  });
}

function describesAnother(
  one: SampleRecord,
  other: SampleRecord,
): { name: string; expected: string; seen: string } | undefined {
  if (one.type === 'text' || other.type === 'text') {
    const [own, its] = [one, other].map((text) => (text.type === 'text' ? text.characters : undefined));
    return own === its
      ? undefined
      : { name: 'length', expected: `${own} characters`, seen: `${its} characters` };
  }
  const same = (one.l2 === undefined) === (other.l2 === undefined) && near(one.l2 ?? 0, other.l2 ?? 0);
  return same && sketchesNear(one, other)
    ? undefined
    : {
        name: 'L2 norm or sketch',
        expected: `L2 norm ${figure(one.l2)}`,
        seen: `L2 norm ${insteadOf(other.l2, one.l2)}`,
      };
}

type Projected = { readonly l2?: number | undefined; readonly sketch?: readonly number[] | undefined };

function sketchesNear(one: Projected, other: Projected): boolean {
  const [a, b] = [one.sketch, other.sketch];
  if (a === undefined || b === undefined) return a === b;
  const scale = Math.max(one.l2 ?? 0, other.l2 ?? 0);
  return a.length === b.length && a.every((value, at) => near(value, b[at]!, scale));
}

const parametersOf = ({ tensors }: StateRecord): TensorRecord[] =>
  tensors.filter(({ kind }) => kind === 'parameter');

/** The step that a state was recorded after; none where something was done to it since. */
const stepOf = (steps: readonly TracedStep[], { at, step }: StateRecord): TracedStep | undefined =>
  at === 'deviated' || at === 'changed' ? undefined : steps.find((one) => one.step === step);
