import type { StateRecord, Trace, TracedStep } from '../../../trace/schema.ts';
import { indexOf, sameValues } from '../../columns.ts';
import { type Evidence, stepsBetween, tensorsOf } from '../../evidence.ts';
import type { Found, Rule } from '../../rule.ts';
import { listed, plural, valuesApart } from '../../words.ts';
import { samplingChangesState } from './sampling-changes-state.ts';
import { savingChangesState } from './saving-changes-state.ts';

/** Whether a step differs from the control's by more than equal runs do. */
export function differs({ noise }: Evidence, control: TracedStep, own: TracedStep): boolean {
  if (!noise.exact)
    return (['loss', 'l2', 'updateL2'] as const).some(
      (curve) => noise.departing(curve, control, own).length > 0,
    );
  return (
    !Object.is(control.claimed.loss, own.claimed.loss) ||
    !areSame(control, own, 'l2') ||
    !areSame(control, own, 'updateL2')
  );
}

/** By name: a resumed process can list its parameters in another order. */
function areSame(one: TracedStep, other: TracedStep, column: 'l2' | 'updateL2'): boolean {
  const places = indexOf(other.names);
  return (
    one.names.length === other.names.length &&
    one.names.every((name, at) => Object.is(one[column][at], other[column][places.get(name) ?? -1]))
  );
}

/** Generators and running statistics that move in the saver after the first save, and stand still in the control. */
function stillInControl({ control, saver }: Evidence): string[] {
  const [first, last] = [saver?.states.find(({ at }) => at === 'save'), saver?.states.at(-1)];
  const at = (step: number | undefined) =>
    control?.states.findLast((state) => state.step === step && (state.at === 'pass' || state.at === 'end'));
  const [from, to] = [at(first?.step), at(last?.step)];
  if (!first || !last || !from || !to || first.step === last.step) return [];
  const buffer = (state: StateRecord, name: string) => tensorsOf(state, 'buffer').get(name)?.digest;
  const moves = (of: (state: StateRecord) => string | undefined): boolean =>
    of(first) !== of(last) && of(from) === of(to);
  return [
    ...Object.keys(last.random).filter((name) => moves(({ random }) => random[name])),
    ...[...tensorsOf(last, 'buffer').keys()].filter((name) => moves((state) => buffer(state, name))),
  ];
}

/** What is to blame: the saver saves, and the control samples. */
function why(evidence: Evidence): Pick<Found, 'likelyCause' | 'fix'> {
  if ((evidence.control?.samples.length ?? 0) === 0)
    return {
      likelyCause: 'the save changes something that observe() does not return',
      fix: 'let save() read the live state only: copy what it converts, moves or clears',
    };
  const still = stillInControl(evidence);
  if (still.length > 0)
    return {
      likelyCause: `after sampling, ${listed(still)} ${plural(still.length, 'stands', 'stand')} still in the control: the model stays in evaluation mode, or sampling stops something else`,
      fix: 'switch back to training mode after sampling, also if it fails, and put back what it stops',
    };
  return {
    likelyCause:
      'sampling in the control, or saving in the other run, changes something that observe() does not return',
    fix: 'let observe() return it to tell which; restore modes and flags after sampling, and let save() only read',
  };
}

/** The first step, up to the save of the interrupted run, in which that run differs from another one that started afresh. */
export function firstApart({ before, history }: Evidence, from: Trace | undefined): TracedStep | undefined {
  const first = history.processes.find(({ id }) => id === before?.run?.id);
  const end = first?.saves[0] ?? first?.until ?? 0;
  const theirs = stepsBetween(before, 0, end);
  return stepsBetween(from, 0, end).find((step, index) => {
    const other = theirs[index];
    return (
      other !== undefined &&
      (!Object.is(step.claimed.loss, other.claimed.loss) || !sameValues(step.l2, other.l2))
    );
  });
}

/**
 * Whether the interrupted run saves what the saver saves, as a program does that decides itself where to save: up to the
 * first resume, it equals the saver, and neither equals the control.
 */
export function isSpoiltAlike(evidence: Evidence): boolean {
  const { control, saver, resumes } = evidence;
  if (saver === undefined || firstApart(evidence, saver) !== undefined) return false;
  if (firstApart(evidence, control) !== undefined) return true;
  const { saved, controlFirst } = resumes[0] ?? {};
  const passed = tensorsOf(controlFirst, 'parameter');
  return [...tensorsOf(saved, 'parameter')].some(
    ([name, { digest }]) => passed.has(name) && passed.get(name)!.digest !== digest,
  );
}

export const saverDeparts: Rule = {
  id: 'saver-departs',
  proof: 'alive',
  claim: 'A run that saves and never samples equals the control, which samples and never saves.',
  reads: 'losses, parameter norms and update norms of the control and of a run that saves and goes on',
  speaks: 'at the first step',
  judge: (evidence) => {
    const { control, saver, plan } = evidence;
    const saved = saver?.saved[0]?.step;
    if (control === undefined || saver === undefined || saved === undefined) return [];
    // These say more.
    if ([samplingChangesState, savingChangesState].some((rule) => rule.judge(evidence).length > 0)) return [];
    const own = new Map(saver.steps.map((step) => [step.step, step]));
    const apart = stepsBetween(control, 0, plan.steps).find((step) => {
      const other = own.get(step.step);
      return other !== undefined && differs(evidence, step, other);
    });
    // Runs that differ before the first save are not reproducible: that shows nothing of the save. A recorder measures
    // a step after the save that belongs to it.
    if (apart === undefined || apart.step < saved) return [];
    if (apart.step === saved && !isSpoiltAlike(evidence)) return [];
    const [seen, expected] = valuesApart(own.get(apart.step)!.claimed.loss, apart.claimed.loss);
    const samples = control.samples.length > 0;
    const { likelyCause, fix } = why(evidence);
    return [
      {
        sentence: `A run that saves${samples ? ' and never samples' : ''} departs from the control, which ${samples ? 'samples and ' : ''}never saves, at step ${apart.step}: ${likelyCause}.`,
        step: apart.step,
        expected: `loss ${expected}, as in the control`,
        seen: `loss ${seen}${seen === expected ? ', with different norms' : ''}`,
        likelyCause,
        fix,
      },
    ];
  },
};
