import type { StateRecord, Trace } from '../../../trace/schema.ts';
import { withoutLoneZeros } from '../../comparable.ts';
import { changesAt, expectedState } from '../../deviations.ts';
import { type Evidence, type Resume, stepPairs, stepsBetween, tensorsOf } from '../../evidence.ts';
import type { Found, Rule } from '../../rule.ts';
import { samplingChangesState } from '../alive/sampling-changes-state.ts';
import { differs, saverDeparts } from '../alive/saver-departs.ts';
import { savingChangesState } from '../alive/saving-changes-state.ts';
import { changesBetween, type Why, type Whys } from '../alive/state-changes.ts';

const WHY: Why = {
  likelyCause:
    'the save keeps something from an earlier save of the same process (a snapshot, a buffer, a file name), or leaves out what had not changed at the first',
  fix: 'take a new snapshot of all state in each save()',
};
const WHYS: Whys = {
  parameter: WHY,
  buffer: WHY,
  slot: WHY,
  gradient: WHY,
  ema: WHY,
  random: WHY,
  counters: WHY,
};

/** The earlier save whose tensors were restored, if all of them were. */
function earlierSave({ saver }: Evidence, resumed: StateRecord): StateRecord | undefined {
  const digests = resumed.tensors.map(({ kind, name, digest }) => `${kind} ${name} ${digest}`);
  return saver?.states.find(({ at, step, tensors }) => {
    const own = new Set(tensors.map(({ kind, name, digest }) => `${kind} ${name} ${digest}`));
    return at === 'save' && step < resumed.step && digests.every((digest) => own.has(digest));
  });
}

/** The state with the slots that it lacks, so that a comparison shows what else differs. */
function withSlotsOf(saved: StateRecord, resumed: StateRecord): StateRecord {
  const own = tensorsOf(resumed, 'slot');
  const missing = [...tensorsOf(saved, 'slot').values()].filter(({ name }) => !own.has(name));
  return { ...resumed, tensors: [...resumed.tensors, ...missing] };
}

function found(evidence: Evidence): Found | undefined {
  const { saver, again, control, plan } = evidence;
  const from = again?.resumed?.step;
  // If nothing that resumes equals the control, this resume shows nothing of later saves.
  const departs = (resume: Resume): boolean =>
    stepPairs(resume).some((pair) => differs(evidence, pair.control, pair.resumed));
  if (evidence.resumes.length > 0 && evidence.resumes.every(departs)) return undefined;
  const resumed = again?.states.find(({ at }) => at === 'resume');
  const of = (trace: Trace | undefined, at: StateRecord['at']): StateRecord | undefined =>
    trace?.states.find((state) => state.at === at && state.step === from);
  const point = {
    declared: evidence.deviates,
    saved: of(saver, 'save'),
    resumed,
    passed: of(control, 'pass'),
    deviated: of(control, 'deviated'),
    changed: of(control, 'changed'),
  };
  const saved = expectedState(point, changesAt(point), evidence.noise.exact);
  if (from === undefined || saved === undefined || resumed === undefined) return undefined;
  const start = `Resumed from the checkpoint of step ${from}, which is not the first of the process that saved it`;
  const changes = changesBetween(...withoutLoneZeros(saved, resumed), WHYS);
  const [first] = changes;
  const own = new Map(again!.steps.map((step) => [step.step, step]));
  const apart = stepsBetween(control, from, plan.steps).find((step) => {
    const other = own.get(step.step);
    return other !== undefined && differs(evidence, step, other);
  });
  if (first !== undefined) {
    const { expected, seen, names, total } = first;
    const earlier = earlierSave(evidence, resumed);
    const what = changes.map((change) => change.what).join(', and ');
    const updates = again!.steps.some(({ changed }) => changed.includes(true));
    const others = changesBetween(...withoutLoneZeros(saved, withSlotsOf(saved, resumed)), WHYS);
    if (others.length === 0 && updates && apart === undefined)
      return {
        sentence: `${start}, optimizer slots are missing before the first step, but every step equals the control’s: they may be restored at the first update.`,
        refutes: false,
        subjects: [...names],
        total,
        step: from,
        expected,
        seen,
        likelyCause: 'the slots are restored only when the first update needs them',
        fix: 'restore the slots in the load, so that observe() shows them before the first step',
      };
    return {
      sentence: `${start}, ${earlier === undefined ? `not everything is as it was saved: ${what}` : `the run holds what the same process saved at step ${earlier.step}`}.`,
      subjects: [...names],
      total,
      step: from,
      expected,
      seen,
      ...WHY,
    };
  }
  // A saver that has departed saves what the control never held.
  if (
    [samplingChangesState, savingChangesState, saverDeparts].some((rule) => rule.judge(evidence).length > 0)
  )
    return undefined;
  if (apart === undefined) return undefined;
  return {
    sentence: `${start}, the run departs from the control at step ${apart.step}, though all that is observed came back.`,
    step: apart.step,
    expected: `loss ${apart.claimed.loss}, as in the control`,
    seen: `loss ${own.get(apart.step)!.claimed.loss}`,
    ...WHY,
  };
}

export const laterSaveNotRestored: Rule = {
  id: 'later-save-not-restored',
  proof: 'restored',
  claim:
    'A checkpoint of a process that has saved before restores everything too, and trains as the control does.',
  reads:
    'the state at the last save of a run that saves and goes on, the state of a run that resumes from it, and its steps',
  speaks: 'before the first step',
  judge: (evidence) => {
    const one = found(evidence);
    return one === undefined ? [] : [one];
  },
};
