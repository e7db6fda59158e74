/** An object was captured or created on the wrong side of the load, and is stale. */
import { counterKind, isScheduleCount } from '../../trace/names.ts';
import type { TracedStep } from '../../trace/schema.ts';
import { indexOf, totalOf } from '../columns.ts';
import { tensorsOf } from '../evidence.ts';
import { figure, listed, ofAll, plural, subjectsOf, valuesApart } from '../words.ts';
import { sideThatLost } from './at-fault.ts';
import type { Cause } from './cause.ts';
import { areFresh, type Clues } from './clues.ts';
import { stillFrozen } from './frozen.ts';

/** Rules that also have findings when nothing is trained. */
export const STILL = [
  'silent-no-op',
  'stalled-parameters',
  'slots-do-not-advance',
  'ema-does-not-advance',
  'samples-unchanged',
  'claim-contradicted',
  'update-counts-differ',
];

export const hookCalls = ({ hookCalls }: TracedStep): readonly number[] => hookCalls;
export const updates = ({ updates }: TracedStep): readonly number[] => updates;
export const sides = ({ pairs }: Clues) => ({
  control: pairs.map(({ control }) => control),
  resumed: pairs.map(({ resumed }) => resumed),
});
export const isFused = (clues: Clues): boolean => totalOf(sides(clues).control, hookCalls) > 0;

/** The learning rates inside the updates, at the first step at which both runs update. */
function firstLearningRates({ pairs }: Clues): { applied: number; inControl: number } | undefined {
  for (const { control, resumed } of pairs) {
    const at = resumed.learningRates.findIndex((learningRate) => learningRate !== null);
    if (at < 0) continue;
    const other = control.learningRates[indexOf(control.names).get(resumed.names[at]!) ?? -1];
    if (typeof other === 'number') return { applied: resumed.learningRates[at]!, inControl: other };
  }
  return undefined;
}

/** Every parameter was in a group when it was saved, and none is after the resume. */
export function isHeldByNone({ resume }: Clues): boolean {
  const groups = (state: typeof resume.saved): readonly boolean[] =>
    [...tensorsOf(state, 'parameter').values()]
      .filter(({ trainable }) => trainable !== false)
      .map(({ group }) => group !== undefined);
  const [before, now] = [groups(resume.saved), groups(resume.resumed)];
  return now.length > 0 && before.length > 0 && before.every(Boolean) && !now.some(Boolean);
}

export const STALE: readonly Cause[] = [
  {
    id: 'trains-a-copy',
    means: 'A copy is trained instead of the model that is sampled and saved.',
    heads: ['updates-go-astray', 'silent-no-op'],
    explains: [
      'updates-go-astray',
      'gradients-missing',
      'hooks-silent',
      ...STILL,
      'slots-not-restored',
      'counter:optimizer',
    ],
    diagnose(clues) {
      const { resumed } = sides(clues);
      const stray = resumed.reduce((sum, { strayUpdates }) => sum + strayUpdates, 0);
      if (!clues.has('updates-go-astray') || stray === 0) return undefined;
      // A model that gets gradients is the one that is trained, but not by its optimizer.
      if (!clues.has('gradients-missing') && totalOf(resumed, updates) === 0 && !isFused(clues))
        return undefined;
      return `a copy of the model is trained: ${stray} updates go to variables that are neither sampled nor saved${clues.moves.resumed.size === 0 ? ', and the model’s own parameters do not move' : ''}`;
    },
  },
  {
    id: 'loss-holds-old-model',
    means:
      'The loss uses a different model than the trained one, so no gradient reaches the trained parameters.',
    heads: ['gradients-missing'],
    explains: ['gradients-missing', 'hooks-silent', ...STILL, 'updates-go-astray', 'random-does-not-advance'],
    diagnose(clues) {
      const found = clues.finding('gradients-missing');
      if (found === undefined || found.subjectCount < found.total || clues.has('trainable-changed'))
        return undefined;
      const stray = sides(clues).resumed.reduce((sum, { strayGradients = 0 }) => sum + strayGradients, 0);
      if (stray > 0)
        return `the loss uses the model from before the load: no gradient reaches any of the ${found.total} trained parameters; ${stray} gradients went to variables that are not trained`;
      return `the loss uses the model from before the load, or is detached from the new one: no gradient reaches any of the ${found.total} trained parameters`;
    },
  },
  {
    id: 'adapters-not-attached',
    means: 'Some parameters were loaded but are not attached to the model.',
    heads: ['gradients-missing'],
    explains: ['gradients-missing', 'hooks-silent', ...STILL],
    diagnose(clues) {
      const found = clues.finding('gradients-missing');
      if (found === undefined || clues.has('trainable-changed') || clues.has('ties-changed'))
        return undefined;
      if (stillFrozen(clues) !== undefined) return undefined;
      return `${subjectsOf(found)} ${plural(found.subjectCount, 'was loaded but is', 'were loaded but are')} not attached to the model, or ${plural(found.subjectCount, 'is', 'are')} detached in it: no gradient reaches ${ofAll(found.subjectCount, found.total, 'parameter')}`;
    },
  },
  {
    id: 'hooks-on-old-parameters',
    means: 'Gradient hooks are on the pre-restore variables, which the restore replaced.',
    heads: ['hooks-silent'],
    explains: ['hooks-silent', 'updates-go-astray', 'hook-counts-differ', ...STILL],
    diagnose(clues) {
      const found = clues.finding('hooks-silent');
      if (found === undefined || found.subjectCount < found.total) return undefined;
      return `no gradient hook fires: the hooks are on the pre-restore variables, which the restore replaced, or none was registered${clues.moves.resumed.size === 0 ? `, and nothing moved in ${clues.pairs.length} steps` : ''}`;
    },
  },
  {
    id: 'hooks-missing',
    means: 'Some parameters no longer have a gradient hook.',
    heads: ['hooks-silent'],
    explains: ['hooks-silent', 'hook-counts-differ', ...STILL],
    diagnose({ finding, moves }) {
      const found = finding('hooks-silent');
      if (found === undefined || found.subjectCount === found.total) return undefined;
      const still = found.subjects.every((name) => !moves.resumed.has(name));
      return `the gradient hooks of ${ofAll(found.subjectCount, found.total, 'parameter')} are missing (${subjectsOf(found)})${still ? `, so ${plural(found.subjectCount, 'the parameter does', 'the parameters do')} not move` : ''}`;
    },
  },
  {
    id: 'hooks-hold-old-group',
    means: 'Gradient hooks fire, but update with the parameter group from before the restore.',
    heads: ['learning-rate-not-as-claimed'],
    explains: ['learning-rate-not-as-claimed', 'applied-learning-rate-differs', ...STILL],
    diagnose(clues) {
      const found = clues.finding('learning-rate-not-as-claimed');
      const learningRates = firstLearningRates(clues);
      if (
        found === undefined ||
        !isFused(clues) ||
        learningRates === undefined ||
        learningRates.applied === learningRates.inControl
      )
        return undefined;
      const [applied, logged] = valuesApart(learningRates.applied, learningRates.inControl);
      return `every gradient hook fires, but holds the parameter group from before the restore: the updates use learning rate ${applied}, but the log shows ${logged}, which the schedule sets on the new group`;
    },
  },
  {
    id: 'schedule-drives-old-optimizer',
    means:
      'The schedule does not drive the optimizer that updates, but another, such as the one from before the restore: the updates keep one learning rate.',
    heads: ['learning-rate-not-as-claimed', 'learning-rate-differs', 'applied-learning-rate-differs'],
    explains: [
      'learning-rate-not-as-claimed',
      'applied-learning-rate-differs',
      'learning-rate-differs',
      'counter:schedule',
      'final-counters-differ',
      ...STILL,
    ],
    diagnose(clues) {
      if (!clues.has('learning-rate-not-as-claimed')) return undefined;
      const learningRates = new Set(
        sides(clues).resumed.flatMap(({ learningRates, groups }) =>
          learningRates.flatMap((learningRate, at) =>
            learningRate === null ? [] : [`${groups[at]} ${learningRate}`],
          ),
        ),
      );
      const groups = new Set(clues.pairs.flatMap(({ resumed }) => resumed.groups));
      const first = firstLearningRates(clues);
      if (first === undefined || learningRates.size > groups.size) return undefined;
      const logged = new Set(clues.pairs.map(({ resumed }) => JSON.stringify(resumed.claimed.learningRates)));
      return `the schedule does not drive the optimizer that updates, but another, such as the one from before the restore: the updates keep learning rate ${figure(first.applied)}, ${logged.size > 1 ? 'while the logged one changes' : 'which is not the logged one'}`;
    },
  },
  {
    id: 'optimizer-holds-old-parameters',
    means:
      'The optimizer holds the pre-restore variables, which the restore replaced, so its steps update nothing; or it is not called.',
    heads: ['silent-no-op', 'updates-go-astray', 'stalled-parameters'],
    // The slots are those of the old variables.
    explains: [
      'updates-go-astray',
      ...STILL,
      'applied-differs',
      'slots-not-restored',
      'counter:optimizer',
      'groups-changed',
    ],
    diagnose(clues) {
      const { control, resumed } = sides(clues);
      const wanted = totalOf(control, updates);
      if (wanted === 0 || totalOf(resumed, updates) > 0 || isFused(clues) || clues.has('gradients-missing'))
        return undefined;
      // An optimizer whose variables get no gradients makes no update either.
      if (!resumed.some(({ claimed }) => claimed.applied) && !isHeldByNone(clues)) return undefined;
      const called = resumed.some(({ strayUpdates }) => strayUpdates > 0);
      return `the optimizer holds the pre-restore variables${called ? '' : ', or is not called'}: gradients reach the new variables, but none of ${wanted} updates does`;
    },
  },
  {
    id: 'updates-undone',
    means: 'Updates are made as in the control, but the parameters are put back.',
    heads: ['silent-no-op', 'stalled-parameters'],
    explains: [...STILL, 'learning-rate-differs', 'applied-learning-rate-differs', 'applied-differs'],
    diagnose(clues) {
      const { resumed } = sides(clues);
      const made = totalOf(resumed, updates);
      // An update with learning rate 0 leaves nothing to undo.
      const applied = resumed.some(({ learningRates }) =>
        learningRates.some((learningRate) => learningRate !== null && learningRate !== 0),
      );
      if (!clues.has('silent-no-op') || made === 0 || !applied || clues.has('learning-rate-not-as-claimed'))
        return undefined;
      return `the updates are undone: ${made} updates are made, but no parameter has changed after any of ${resumed.length} steps`;
    },
  },
  {
    id: 'nothing-moves',
    means: 'Nothing is trained, and the trainer’s updates are not observed in the control either.',
    heads: ['silent-no-op'],
    explains: STILL,
    diagnose(clues) {
      if (!clues.has('silent-no-op') || totalOf(sides(clues).control, updates) > 0) return undefined;
      return `nothing moves in ${clues.pairs.length} steps, although the loss is still computed: the trainer, whose updates are not observed, updates other variables, or its updates are undone`;
    },
  },
  {
    id: 'optimizer-registered-late',
    means:
      'Optimizers and schedules were registered with the checkpoint after the restore, which therefore skipped them.',
    heads: ['slots-not-restored'],
    explains: [
      'slots-not-restored',
      'counter:schedule',
      'counter:optimizer',
      'counter:hyperparameter',
      'learning-rate-differs',
      'applied-learning-rate-differs',
      'learning-rate-not-as-claimed',
      ...STILL,
    ],
    diagnose(clues) {
      const slots = clues.changed('slot');
      const schedules = clues.counters.filter(({ kind }) => kind === 'schedule');
      const steps = clues.counters.filter(({ kind }) => kind === 'optimizer');
      const lost = slots.of.every(({ resumed }) => resumed === undefined);
      // A schedule that came back was registered in time. Its learning rate is lost with the optimizer.
      const schedule = Object.keys(clues.resume.saved?.counters ?? {}).filter(isScheduleCount);
      if (schedule.length > 0 && !schedules.some(({ name }) => isScheduleCount(name))) return undefined;
      // SGD with momentum has slots and counts no steps.
      const counted = Object.keys(clues.resume.saved?.counters ?? {}).some(
        (name) => counterKind(name) === 'optimizer',
      );
      if (slots.of.length === 0 || !lost || !areFresh(schedules)) return undefined;
      if (counted && !areFresh(steps)) return undefined;
      const groups = new Set(slots.of.flatMap(({ saved }) => groupsOf(clues, saved?.parameter)));
      const whose = groups.size > 0 ? ` of ${listed([...groups], 6)}` : '';
      return `the optimizers${whose} were registered after the restore, which therefore skipped them${sideThatLost(clues, 'slot') === 'load' ? '' : ', or were never saved'}: ${slots.of.length} of ${slots.total} slots are missing, and their ${counted ? 'step counts and ' : ''}schedules restarted`;
    },
  },
  {
    id: 'ema-follows-old-weights',
    means: 'The EMA follows the pre-restore variables.',
    heads: ['final-ema-differs'],
    explains: ['final-ema-differs', 'ema-does-not-advance', 'samples-unchanged'],
    diagnose(clues) {
      if (!emaIsOff(clues)) return undefined;
      const old = driftsTowards(clues);
      return old === undefined
        ? undefined
        : `the EMA follows the parameters from before the restore: from its restored value it moves straight towards the parameters that the run started with (${figure(100 * old)} % of the way)`;
    },
  },
  {
    id: 'samples-from-old-copy',
    means: 'Samples are drawn from a copy that is not trained.',
    heads: ['samples-unchanged', 'samples-differ-at-resume'],
    explains: ['samples-unchanged', 'samples-differ-at-resume'],
    diagnose(clues) {
      const found = clues.finding('samples-unchanged');
      if (found === undefined || clues.moves.resumed.size === 0) return undefined;
      // With other parameters than the control's, a sample can stay as it was: where it saturates, for one.
      if (clues.has('final-parameters-differ') || clues.has('final-ema-differs')) return undefined;
      return `samples are drawn from a copy that is not trained: ${clues.moves.resumed.size} parameters move, but ${ofAll(found.subjectCount, found.total, 'sample')} ${plural(found.subjectCount, 'stays as it was', 'stay as they were')} at the checkpoint`;
    },
  },
];

function groupsOf({ resume }: Clues, parameter: string | undefined): string[] {
  const group = tensorsOf(resume.saved, 'parameter').get(parameter ?? '')?.group;
  return group === undefined ? [] : [group];
}

/** The final EMAs differ, although they were restored and the final parameters are right. */
export const emaIsOff = ({ has }: Clues): boolean =>
  has('final-ema-differs') && !has('ema-not-restored') && !has('final-parameters-differ');

/**
 * How far the EMAs moved in a straight line from their restored values towards the parameters that the run started with,
 * as a fraction. Measured on the sketches, which are linear. Undefined if the EMAs leave that line by more than the
 * rounding of the updates: half a unit in the last place of float32 per step.
 */
function driftsTowards(clues: Clues): number | undefined {
  const { resume, initial } = clues;
  const [first, last] = [tensorsOf(resume.resumed, 'ema'), tensorsOf(resume.last, 'ema')];
  const old = tensorsOf(initial, 'parameter');
  const rows = [...last.keys()].flatMap((name) => {
    const [a, b, w] = [first.get(name)?.sketch, last.get(name)?.sketch, old.get(name)?.sketch];
    if (!a || !b || !w) return [];
    return a.map((value, at) => ({
      moved: b[at]! - value,
      towards: w[at]! - value,
    }));
  });
  const along = rows.reduce((sum, { moved, towards }) => sum + moved * towards, 0);
  const length = rows.reduce((sum, { towards }) => sum + towards ** 2, 0);
  if (length === 0) return undefined;
  const share = along / length;
  const off = Math.sqrt(rows.reduce((sum, { moved, towards }) => sum + (moved - share * towards) ** 2, 0));
  const steps = clues.pairs.length + 1;
  const rounding =
    steps *
    2 ** -24 *
    [...first.values()].reduce(
      (sum, { l2, shape }) => sum + l2 * Math.sqrt(shape.reduce((a, b) => a * b, 1)),
      0,
    );
  return share > 0 && share < 1 && off <= rounding ? share : undefined;
}
