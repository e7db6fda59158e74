/** Updates, gradients, buffers and the mode of the model. */

import type { TracedStep } from '../../trace/schema.ts';
import { indexOf, total, totalOf } from '../columns.ts';
import type { Difference } from '../compare.ts';
import { type StepPair, tensorsOf } from '../evidence.ts';
import { firstParting } from '../parting/first.ts';
import { whetherUpdated } from '../parting/whether-updated.ts';
import type { Finding } from '../verdict.ts';
import { figure, insteadOf, listed, ofAll, plural, subjectsOf, whichSubjects } from '../words.ts';
import type { Cause } from './cause.ts';
import { type Clues, drawsNothing, isInitial, isLossScaled } from './clues.ts';
import { advancesInSteps, couldComeRound, pauseAtFirst, standsInSteps } from './draws.ts';
import { BY_NAME, copiesText, holdersAmong } from './holders.ts';
import { otherModes } from './modes.ts';
import { hookCalls, isFused, STILL, sides, updates } from './stale.ts';

/** The factor between the gradients and the control's, if all parameters share one. */
function commonFactor(
  { pairs, evidence }: Clues,
  column: 'gradientL2' | 'appliedGradientL2',
): { factor: number; step: number } | undefined {
  for (const { control, resumed } of pairs) {
    const inControl = indexOf(control.names);
    const ratios = resumed.names.flatMap((name, at) => {
      const [mine, theirs] = [resumed[column]?.[at], control[column]?.[inControl.get(name) ?? -1]];
      return typeof mine === 'number' && typeof theirs === 'number' && theirs > 0 ? [mine / theirs] : [];
    });
    // A single ratio is always a common factor.
    if (ratios.length < 2 || ratios.every((ratio) => ratio === 1)) continue;
    const [first] = ratios as [number];
    // Scaling the loss changes the rounding of each product in the backward pass: some tens of float32 roundings.
    const rounding = 2 ** -18;
    const width = evidence.noise.exact
      ? rounding
      : Math.max(
          ...resumed.names.map(
            (name, at) =>
              evidence.noise.compare(column, resumed.step, name, { values: [resumed[column]?.[at] ?? null] })
                .allowed,
          ),
        );
    const same = ratios.every((ratio) => Math.abs(ratio / first - 1) <= width);
    return same && Math.abs(first - 1) > width ? { factor: first, step: resumed.step } : undefined;
  }
  return undefined;
}

const BUFFERS_LOST = { heads: ['buffers-not-restored'], explains: ['buffers-not-restored'] };

/** Why buffers have the values that they have. */
function lostText(clues: Clues, of: readonly Difference[]): string {
  const they = plural(of.length, 'it', 'they');
  if (of.every(({ resumed }) => resumed === undefined))
    return `${plural(of.length, 'it is', 'they are')} missing after the load`;
  const initial = tensorsOf(clues.initial, 'buffer');
  if (!of.every(isInitial(clues, 'buffer')))
    return `${they} ${plural(of.length, 'was', 'were')} overwritten, converted, or updated once more (by a forward pass in training mode)`;
  const moved = [...tensorsOf(clues.resume.saved, 'buffer').values()].filter(
    ({ name, digest }) => digest !== initial.get(name)?.digest,
  );
  const parameters = clues.changed('parameter');
  const have = `${they} ${plural(of.length, 'has its initial value', 'have their initial values')}`;
  return of.length >= moved.length && parameters.total > 0 && parameters.of.length === 0
    ? `${have}, as where only the trainable parameters are saved or loaded`
    : `${have}, so the save or the load left ${plural(of.length, 'it', 'them')} out`;
}

/** Comes before the causes in which state was restored but is used or updated differently. */
export const BUFFERS: readonly Cause[] = [
  {
    id: 'buffers-copied',
    means:
      'State outside the parameters, such as running statistics, holds the saved values of other tensors.',
    fix: BY_NAME,
    ...BUFFERS_LOST,
    diagnose(clues) {
      const { of, total } = clues.changed('buffer');
      const held = of.length === 0 ? undefined : holdersAmong('buffer', of, clues.resume.saved);
      return held && copiesText(held, 'buffer', total);
    },
  },
  {
    id: 'buffers-lost',
    means: 'State outside the parameters, such as running statistics, was not restored.',
    ...BUFFERS_LOST,
    diagnose(clues) {
      const { of, total } = clues.changed('buffer');
      if (of.length === 0) return undefined;
      return `${ofAll(of.length, total, 'buffer')} ${plural(of.length, 'was', 'were')} not restored (${listed(of.map(({ name }) => name))}): ${lostText(clues, of)}`;
    },
  },
];

export const UPDATES: readonly Cause[] = [
  {
    id: 'hooks-doubled',
    means: 'Gradient hooks are registered twice.',
    heads: ['hook-counts-differ'],
    explains: ['hook-counts-differ', ...STILL],
    diagnose(clues) {
      const found = clues.finding('hook-counts-differ');
      // A run that has stopped calls none.
      const both = clues.pairs.filter((pair) => totalOf([pair.control], hookCalls) > 0);
      const { control, resumed } = sides({ ...clues, pairs: both });
      const [mine, theirs] = [totalOf(resumed, hookCalls), totalOf(control, hookCalls)];
      if (found === undefined || mine <= theirs) return undefined;
      const twice = found.subjects.every(
        (name) => total(resumed, name, hookCalls) === 2 * total(control, name, hookCalls),
      );
      return `the gradient hooks of ${whichSubjects(found, 'parameter')} ${twice ? 'are registered twice' : 'fire more often than in the control'}: ${mine} calls instead of ${theirs}`;
    },
  },
  {
    id: 'group-counted-wrong',
    means: 'A fused parameter group is counted wrongly, so it steps early, late or never.',
    heads: ['update-counts-differ', 'stalled-parameters', 'silent-no-op'],
    explains: ['update-counts-differ', ...STILL],
    diagnose(clues) {
      const { control, resumed } = sides(clues);
      const [mine, theirs] = [totalOf(resumed, updates), totalOf(control, updates)];
      if (!isFused(clues) || totalOf(resumed, hookCalls) !== totalOf(control, hookCalls) || mine >= theirs)
        return undefined;
      // The loop that makes no step does not count wrongly.
      if (clues.has('applied-differs')) return undefined;
      return `every gradient hook fires, but only ${mine} of ${theirs} updates are made: the count that triggers the step of a fused group is wrong`;
    },
  },
  {
    id: 'update-doubled',
    means: 'The update is applied more than once.',
    heads: ['update-counts-differ'],
    explains: ['update-counts-differ', 'counter:optimizer'],
    diagnose(clues) {
      const { control, resumed } = sides(clues);
      const [mine, theirs] = [totalOf(resumed, updates), totalOf(control, updates)];
      if (
        !clues.has('update-counts-differ') ||
        theirs === 0 ||
        mine <= theirs ||
        clues.has('applied-differs')
      )
        return undefined;
      const where = isFused(clues) ? 'once by the hooks and again by the loop' : 'repeated within a step';
      return `the update is applied ${figure(mine / theirs)} times on average: ${mine} updates instead of ${theirs}, ${where}`;
    },
  },
  {
    id: 'update-lost',
    means: 'The update skips parameters that have gradients.',
    heads: ['stalled-parameters', 'update-counts-differ'],
    explains: ['update-counts-differ', 'final-counters-differ', ...STILL],
    diagnose(clues) {
      if (clues.has('gradients-missing') || clues.has('trainable-changed') || clues.has('ties-changed'))
        return undefined;
      const { pairs } = clues;
      const names = pairs[0]?.control.names ?? [];
      const since = new Map(names.map((name) => [name, lostSince(pairs, name)]));
      const first = Math.min(...[...since.values()].filter((step) => step !== undefined));
      const lost = names.filter((name) => since.get(name) === first);
      if (lost.length === 0 || lost.length === names.length || isFused(clues)) return undefined;
      const when = first === pairs[0]!.resumed.step ? '' : `from step ${first} on, `;
      return `${when}the update skips ${ofAll(lost.length, names.length, 'parameter')}, although ${plural(lost.length, 'it has a gradient', 'they have gradients')}: ${listed(lost)}`;
    },
  },
  {
    id: 'gradients-kept',
    means: 'Gradients are not cleared after an update, so they accumulate.',
    heads: ['gradients-differ'],
    explains: ['gradients-differ', 'applied-gradients-differ'],
    diagnose(clues) {
      const found = clues.finding('gradients-differ');
      const at = clues.pairs.findIndex(({ resumed }) => resumed.step === found?.step);
      const { resume, pairs } = clues;
      const left = (state: typeof resume.last): number => tensorsOf(state, 'gradient').size;
      // Right after an update or one that a loss scaler skipped, or left over from before this resume.
      const after =
        at === 0
          ? left(resume.resumed) > left(resume.controlFirst)
          : isLossScaled(clues) || pairs[at - 1]?.resumed.claimed.applied === true;
      // The parameters must still be right, which the loss shows.
      if (
        found === undefined ||
        !after ||
        (clues.finding('loss-differs')?.step ?? Number.POSITIVE_INFINITY) <= found.step!
      )
        return undefined;
      if (commonFactor(clues, 'gradientL2') !== undefined || !areAllAdded(clues, at)) return undefined;
      return `gradients are not cleared after an update: those of step ${found.step}, right after one, differ from the control’s although the loss does not, so each update uses earlier gradients again`;
    },
  },
  {
    id: 'clipping-lost',
    means: 'Gradients are no longer clipped, averaged or unscaled as before.',
    heads: ['applied-gradients-differ'],
    explains: ['applied-gradients-differ'],
    diagnose(clues) {
      const change = clipping(clues);
      if (change === undefined || change.ratio < 1) return undefined;
      return `gradients are no longer clipped, averaged or unscaled as before: the update at step ${change.step} uses gradients up to ${figure(change.ratio)} times the control’s, although they are the same before clipping, averaging and unscaling`;
    },
  },
  {
    id: 'clipping-changed',
    means: 'Gradients are clipped twice or to a different norm, or averaged or unscaled differently.',
    heads: ['applied-gradients-differ'],
    explains: ['applied-gradients-differ'],
    diagnose(clues) {
      const change = clipping(clues);
      if (change === undefined || change.ratio >= 1) return undefined;
      return `gradients are clipped twice or to a different norm, or averaged or unscaled differently: the update at step ${change.step} uses gradients as small as ${figure(change.ratio)} times the control’s, although they are the same before`;
    },
  },
  {
    id: 'gradient-scaled',
    means:
      'All gradients are scaled by one factor: the loss is divided by a different count, or scaled differently.',
    heads: ['gradients-differ'],
    explains: ['gradients-differ', 'applied-gradients-differ'],
    diagnose(clues) {
      const common = clues.has('gradients-differ') ? commonFactor(clues, 'gradientL2') : undefined;
      if (common === undefined) return undefined;
      return `in step ${common.step}, all gradients are ${figure(common.factor)} times the control’s: the loss is divided by a different number of micro-batches, or scaled differently`;
    },
  },
  {
    id: 'loss-logged-differently',
    means: 'The logged loss is not the one that is trained.',
    heads: ['loss-differs'],
    explains: ['loss-differs'],
    diagnose({ finding, findings, pairs, resume }) {
      const found = finding('loss-differs');
      // If the run ended early, the rest is unknown.
      const whole = pairs.length === resume.to - resume.from;
      if (found === undefined || findings.length > 1 || !whole) return undefined;
      return `the logged loss is not the one that is trained: everything else equals the control, but the log shows ${insteadOf(found.seen.split(',')[0], found.expected.split(',')[0])} at step ${found.step}`;
    },
  },
  {
    id: 'evaluation-mode',
    means:
      'The model is in evaluation mode, or the control is: dropout is off and running statistics do not change.',
    heads: ['random-does-not-advance', 'final-random-differs', 'loss-differs', 'gradients-differ'],
    explains: [
      'random-does-not-advance',
      'buffers-do-not-advance',
      'final-random-differs',
      'loss-differs',
      'gradients-differ',
    ],
    diagnose(clues) {
      if (clues.has('gradients-missing')) return undefined;
      const recorded = otherModes(clues);
      if (recorded !== undefined) return recorded;
      const found = drawsNothing(clues);
      const pause = pauseAtFirst(clues);
      if (pause?.shows === true)
        return `nothing is drawn from ${listed(pause.names)} in ${pause.when}, though the control draws there: the model is in evaluation mode, or draws from another generator, in ${plural(Number(/^step /.test(pause.when)), 'this step', 'these steps')}`;
      if (found === undefined || advancesInSteps(clues, found.subjects)) return undefined;
      const still = clues.has('buffers-do-not-advance');
      const buffers = clues.finding('buffers-do-not-advance');
      const statistics =
        buffers === undefined
          ? ''
          : `, and ${ofAll(buffers.subjectCount, buffers.total, 'buffer')} (${subjectsOf(buffers)}) ${plural(buffers.subjectCount, 'does', 'do')} not change`;
      // The states at the two ends of the segment are equal in both cases.
      if (!still && !standsInSteps(clues, found.subjects) && couldComeRound(clues))
        return `either nothing is drawn from ${subjectsOf(found)} (the model is in evaluation mode, or draws from another generator), or ${plural(found.subjectCount, 'it', 'they')} restarted after the resume and came round to the same state; ${clues.pairs.length > 1 ? 'record `random` after each step to tell' : 'a longer segment would tell'}`;
      return `the model is in evaluation mode${still ? ', or a part of it is not called' : ' or draws from another generator'}: nothing is drawn from ${subjectsOf(found)}${statistics}`;
    },
  },
  {
    id: 'buffers-updated-differently',
    means:
      'State outside the parameters was restored but is updated with another momentum or count, twice per step, in other steps, or from other values.',
    heads: ['final-buffers-differ'],
    explains: ['final-buffers-differ'],
    diagnose({ evidence, resume, finding, has }) {
      const found = finding('final-buffers-differ');
      if (found === undefined || has('buffers-not-restored') || has('final-parameters-differ'))
        return undefined;
      // A step that updates them in one run only shows more.
      const parting = firstParting(evidence, resume);
      if (parting?.stage === 'buffer' && whetherUpdated(parting, 'buffer') !== undefined) return undefined;
      return `${ofAll(found.subjectCount, found.total, 'buffer')} ${plural(found.subjectCount, 'was restored but differs', 'were restored but differ')} at the end, although the parameters do not: ${plural(found.subjectCount, 'it is', 'they are')} updated with another momentum or count, twice per step, in other steps, or from other values`;
    },
  },
  {
    id: 'buffers-stall',
    means: 'State outside the parameters, such as running statistics, is no longer updated.',
    heads: ['buffers-do-not-advance'],
    explains: ['buffers-do-not-advance'],
    diagnose(clues) {
      const found = clues.finding('buffers-do-not-advance');
      if (found === undefined) return undefined;
      return `${ofAll(found.subjectCount, found.total, 'buffer')} (${subjectsOf(found)}) ${plural(found.subjectCount, 'does', 'do')} not change, although the model trains${changesInControl(clues, found)}`;
    },
  },
];

/** When the control changes these buffers, as far as it is shown: `; the control first changes it in step 9, …`. */
function changesInControl({ resume, pairs }: Clues, { subjects, subjectCount }: Finding): string {
  const { controlFirst, controlLast, from, to } = resume;
  const points = [
    { step: from, tensors: controlFirst?.tensors },
    ...pairs.map(({ control }) => ({
      step: control.step,
      tensors: control.observed ?? (control.step === to ? controlLast?.tensors : undefined),
    })),
  ];
  const all = points.map(({ step, tensors = [] }) => {
    const own = tensors.filter(({ kind, name }) => kind === 'buffer' && subjects.includes(name));
    return {
      step,
      values: own
        .map(({ name, l2, sketch }) => `${name} ${l2} ${sketch}`)
        .sort()
        .join(),
    };
  });
  // Steps near the resume show buffers. One that shows nothing may change them.
  const end = all.findIndex(({ values }) => values === '');
  const shown = end < 0 ? all : all.slice(0, end);
  const changes = shown.slice(1).filter(({ values }, at) => values !== shown[at]!.values);
  const [first] = changes;
  if (first === undefined) return '';
  const them = plural(subjectCount, 'it', 'them');
  if (changes.length === pairs.length) return `; the control changes ${them} in each step`;
  const some =
    changes.length < shown.length - 1
      ? ', and not in every step: what decides when (a count, an interval, a phase) is not restored, or not observed'
      : '';
  return `; the control first changes ${them} in step ${first.step}${some}`;
}

/** Whether every gradient differs that has one of the step before to be added to. */
function areAllAdded({ pairs, past, evidence }: Clues, at: number): boolean {
  const { control, resumed } = pairs[at]!;
  const before = at > 0 ? pairs[at - 1]!.control : past.at(-1);
  const different = new Set(evidence.noise.departing('gradientL2', control, resumed));
  return (
    before === undefined ||
    before.names.every((name, place) => (before.gradientL2[place] ?? 0) === 0 || different.has(name))
  );
}

/** The step from which on a parameter is no longer updated, though the control updates it; undefined if it is. */
function lostSince(pairs: readonly StepPair[], name: string): number | undefined {
  const of = ({ names, updates }: TracedStep): number => updates[indexOf(names).get(name) ?? -1] ?? 0;
  const after = pairs.findLastIndex(({ resumed }) => of(resumed) > 0) + 1;
  const rest = pairs
    .slice(after)
    .filter(({ control, resumed }) => control.claimed.applied && resumed.claimed.applied);
  return rest.find(({ control }) => of(control) > 0)?.resumed.step;
}

/** The largest ratio between the clipped gradients and the control's, if they are the same before clipping. */
function clipping(clues: Clues): { ratio: number; step: number } | undefined {
  const found = clues.finding('applied-gradients-differ');
  const pair = clues.pairs.find(({ resumed }) => resumed.step === found?.step);
  if (found === undefined || pair === undefined) return undefined;
  const { control, resumed } = pair;
  const inControl = indexOf(control.names);
  const ratios = resumed.names.flatMap((name, at) => {
    const [mine, theirs] = [
      resumed.appliedGradientL2?.[at],
      control.appliedGradientL2?.[inControl.get(name) ?? -1],
    ];
    return typeof mine === 'number' && typeof theirs === 'number' && theirs > 0 && mine !== theirs
      ? [mine / theirs]
      : [];
  });
  if (ratios.length === 0) return undefined;
  const ratio = ratios.reduce((a, b) => (Math.abs(Math.log(b)) > Math.abs(Math.log(a)) ? b : a));
  return { ratio, step: resumed.step };
}
