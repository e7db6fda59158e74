/** Alive: after the resume, everything that moves in the control moves. */
import type { TracedStep } from '../../trace/schema.ts';
import { indexOf, moved, total, totalOf } from '../columns.ts';
import { type Evidence, namesOf, type Resume, stepPairs, tensorsOf } from '../evidence.ts';
import { imageReadings } from '../quantities.ts';
import type { Found, Rule } from '../rule.ts';
import { figure, figuresApart, listed, ofAll } from '../words.ts';

const hookCalls = ({ hookCalls }: TracedStep): readonly number[] => hookCalls;
const updates = ({ updates }: TracedStep): readonly number[] => updates;
const changed = ({ changed }: TracedStep): readonly boolean[] => changed;
const updateL2 = ({ updateL2 }: TracedStep): readonly number[] => updateL2;

/** Control and resumed steps of a resume, cut to those that both made. */
interface Stretch {
  readonly resume: Resume;
  readonly control: readonly TracedStep[];
  readonly resumed: readonly TracedStep[];
  readonly names: readonly string[];
  /** Names of the parameters that moved. */
  readonly movedInControl: ReadonlySet<string>;
  readonly movedInResumed: ReadonlySet<string>;
}

const stretches = ({ resumes }: Evidence): Stretch[] =>
  resumes.flatMap((resume) => {
    const pairs = stepPairs(resume);
    if (pairs.length === 0) return [];
    const control = pairs.map((pair) => pair.control);
    const resumed = pairs.map((pair) => pair.resumed);
    return [
      {
        resume,
        control,
        resumed,
        names: namesOf(pairs),
        movedInControl: moved(control),
        movedInResumed: moved(resumed),
      },
    ];
  });

const isStill = ({ movedInControl, movedInResumed }: Stretch): boolean =>
  movedInControl.size > 0 && movedInResumed.size === 0;

type FoundInStretch = Omit<Found, 'resume' | 'step'> & {
  /** The first step that shows it. */
  readonly step: number;
};

const aliveRule = (
  what: Pick<Rule, 'id' | 'claim' | 'reads' | 'speaks'>,
  judge: (stretch: Stretch) => FoundInStretch | undefined,
): Rule => ({
  ...what,
  proof: 'alive',
  judge: (evidence) =>
    stretches(evidence).flatMap((stretch) => {
      const found = judge(stretch);
      return found === undefined ? [] : [{ ...found, resume: stretch.resume.index }];
    }),
});

/** The first step of a run with anything in a parameter's column. */
const firstWith = (
  steps: readonly TracedStep[],
  name: string,
  column: (step: TracedStep) => readonly (number | boolean)[],
): number => steps.find((step) => Boolean(column(step)[indexOf(step.names).get(name) ?? -1]))!.step;

/** Says in how many steps nothing moved, or that these did not, as far as it is so. */
function stillness(stretch: Stretch, names: readonly string[]): string {
  if (isStill(stretch)) return ` and nothing moved in ${stretch.resumed.length} steps`;
  return names.some((name) => stretch.movedInResumed.has(name))
    ? ''
    : ' and what they should update is not updated';
}

export const hooksSilent = aliveRule(
  {
    id: 'hooks-silent',
    claim: 'Every gradient hook that fires in the control fires after the resume.',
    reads: 'the calls of each parameter’s gradient hook in each step',
    speaks: 'at the first step',
  },
  (stretch) => {
    const { resume, control, resumed, names } = stretch;
    const wanted = names.filter((name) => total(control, name, hookCalls) > 0);
    const silent = wanted.filter((name) => total(resumed, name, hookCalls) === 0);
    if (silent.length === 0) return undefined;
    const stray = resumed.reduce((sum, { strayHookCalls }) => sum + strayHookCalls, 0);
    const whose =
      silent.length === wanted.length
        ? 'no gradient hook fired'
        : `the hooks of ${ofAll(silent.length, wanted.length, 'parameter')} did not fire`;
    return {
      sentence: `After resume ${resume.index}, ${whose}${stillness(stretch, silent)}: the hooks are not on the variables that are trained.`,
      subjects: silent,
      total: wanted.length,
      step: Math.min(...silent.map((name) => firstWith(control, name, hookCalls))),
      expected: `${totalOf(control, hookCalls)} hook calls, as in the control`,
      seen: `${totalOf(resumed, hookCalls)} hook calls${stray > 0 ? `, and ${stray} on variables that are not the trainer’s parameters` : ''}`,
      cause:
        'the hooks were registered before the resume, which put new variables in place of the hooked ones (or they were never registered)',
      remedy: 'register gradient hooks after everything is restored, on the variables that are trained',
    };
  },
);

export const updatesGoAstray = aliveRule(
  {
    id: 'updates-go-astray',
    claim: 'Optimizers and hooks write the trainer’s own parameters, not others.',
    reads: 'updates and hook calls of variables that are not, or not any more, the trainer’s parameters',
    speaks: 'at the first step',
  },
  ({ resume, control, resumed }) => {
    const stray = (steps: readonly TracedStep[]): number =>
      steps.reduce((sum, step) => sum + step.strayUpdates + step.strayHookCalls, 0);
    if (stray(resumed) <= stray(control)) return undefined;
    const first = resumed.find((step, at) => stray([step]) > stray([control[at]!]))!;
    return {
      step: first.step,
      sentence: `After resume ${resume.index}, updates go to variables that the trainer does not train any more.`,
      expected: `${stray(control)} updates and hook calls outside the trainer’s parameters`,
      seen: `${stray(resumed)}`,
      cause: 'an optimizer or a hook holds the parameters from before the resume, which replaced them',
      remedy:
        'build optimizers and hooks on the restored parameters, or restore into the variables that they hold',
    };
  },
);

interface Applied {
  readonly name: string;
  readonly step: number;
  readonly applied: number;
  readonly claimed: number;
  readonly inControl: number;
}

/** Parameters whose rate inside the update is not the one logged, though it is in the control. */
function contradictedRates({ control, resumed }: Stretch): Applied[] {
  return resumed.flatMap((step, at) => {
    const claimedFor = (own: TracedStep, index: number): number | undefined =>
      own.claimed.learningRates[own.groups[index] ?? 'all'];
    const found: Applied[] = [];
    const same = control[at]!;
    step.rates.forEach((applied, index) => {
      const claimed = claimedFor(step, index);
      if (applied === null || claimed === undefined || applied === claimed) return;
      const name = step.names[index]!;
      const other = indexOf(same.names).get(name) ?? -1;
      const inControl = same.rates[other];
      if (typeof inControl !== 'number' || inControl !== claimedFor(same, other)) return;
      found.push({ name, step: step.step, applied, claimed, inControl });
    });
    return found;
  });
}

export const rateNotAsClaimed = aliveRule(
  {
    id: 'rate-not-as-claimed',
    claim: 'Each update uses the learning rate that is logged, wherever the control’s does.',
    reads: 'the learning rate inside each update, and the one that is logged',
    speaks: 'at the first update',
  },
  (stretch) => {
    const { resume, resumed, control, names } = stretch;
    const found = contradictedRates(stretch);
    const [first] = found;
    if (first === undefined) return undefined;
    const subjects = [...new Set(found.map(({ name }) => name))];
    const [applied, claimed] = figuresApart(first.applied, first.claimed);
    const fires =
      totalOf(resumed, hookCalls) > 0 && totalOf(resumed, hookCalls) === totalOf(control, hookCalls);
    return {
      sentence: `After resume ${resume.index}, ${fires ? 'every gradient hook fires, but ' : ''}the update of ${ofAll(subjects.length, names.length, 'parameter')} uses learning rate ${applied} while the log shows ${claimed}${isStill(stretch) ? `, and nothing moved in ${resumed.length} steps` : ''}.`,
      subjects,
      total: names.length,
      step: first.step,
      expected: `learning rate ${claimed} inside the update, as logged; the control’s uses ${figure(first.inControl)}`,
      seen: `learning rate ${applied} inside the update of '${first.name}'; ${totalOf(resumed, hookCalls)} hook calls, the control ${totalOf(control, hookCalls)}`,
      cause:
        'the hooks (or the optimizer) hold the parameter-group object from before the resume; the restore made new ones, and the schedule drives those',
      remedy:
        'register the hooks after the restore, or look the group up in each call instead of capturing it',
    };
  },
);

export const silentNoOp = aliveRule(
  {
    id: 'silent-no-op',
    claim: 'Something moves after the resume if it does in the control.',
    reads: 'which parameters change in each step',
    speaks: 'at the first update',
  },
  (stretch) => {
    const { resume, control, resumed, names, movedInControl } = stretch;
    if (!isStill(stretch)) return undefined;
    const last = resumed.at(-1)!.claimed.loss;
    return {
      sentence: `After resume ${resume.index} nothing is trained: none of ${movedInControl.size} parameters moved in ${resumed.length} steps, while the loss was still printed.`,
      subjects: [...movedInControl],
      total: names.length,
      step: control.find((step) => step.changed.some(Boolean))!.step,
      expected: `updates of L2 norm ${figure(totalOf(control, updateL2) / control.length)} a step, as in the control`,
      seen: `${figure(totalOf(resumed, updateL2))} in all steps together; the last loss printed is ${figure(last)}`,
      cause:
        'no update reaches the parameters: hooks or optimizer hold something that the resume replaced, or the rate is 0',
      remedy:
        'see the hook calls and the rates inside the updates; attach what updates after what is restored',
    };
  },
);

export const stalledParameters = aliveRule(
  {
    id: 'stalled-parameters',
    claim: 'Every parameter that moves in the control moves.',
    reads: 'which parameters change in each step',
    speaks: 'at the first update',
  },
  (stretch) => {
    const { resume, control, resumed, movedInControl, movedInResumed } = stretch;
    const stalled = [...movedInControl].filter((name) => !movedInResumed.has(name));
    if (stalled.length === 0 || isStill(stretch)) return undefined;
    return {
      sentence: `After resume ${resume.index}, ${ofAll(stalled.length, movedInControl.size, 'parameter')} did not move in ${resumed.length} steps: ${listed(stalled)}.`,
      subjects: stalled,
      total: movedInControl.size,
      step: Math.min(...stalled.map((name) => firstWith(control, name, changed))),
      expected: `'${stalled[0]}' moves by ${figure(total(control, stalled[0]!, updateL2))} in these steps`,
      seen: '0',
      cause: 'their hook, gradient or place in a parameter group was lost, or they came back frozen',
      remedy: 'compare the list with what is hooked, grouped and trainable after the restore',
    };
  },
);

export const frozenParametersMove = aliveRule(
  {
    id: 'frozen-parameters-move',
    claim: 'Nothing moves that the control leaves alone.',
    reads: 'which parameters change in each step',
    speaks: 'at the first update',
  },
  ({ resume, resumed, movedInControl, movedInResumed }) => {
    const extra = [...movedInResumed].filter((name) => !movedInControl.has(name));
    if (extra.length === 0) return undefined;
    const held = resumed[0]!.names.length;
    return {
      sentence: `After resume ${resume.index}, ${ofAll(extra.length, held, 'parameter')} ${extra.length === 1 ? 'moves' : 'move'} that the control does not train: ${listed(extra)}.`,
      subjects: extra,
      total: held,
      step: Math.min(...extra.map((name) => firstWith(resumed, name, changed))),
      expected: 'no change',
      seen: `'${extra[0]}' moved by ${figure(total(resumed, extra[0]!, updateL2))}`,
      cause: 'frozen parameters came back trainable, or were put into a parameter group',
      remedy: 'freeze them again after the load, before optimizers and hooks are built',
    };
  },
);

export const claimContradicted = aliveRule(
  {
    id: 'claim-contradicted',
    claim:
      'Where the trainer says that it updated parameters, or did not, the measurements agree, as they do in the control.',
    reads: 'what the trainer says of each step, and which parameters change in it',
    speaks: 'at the first step',
  },
  ({ resume, control, resumed, names }) => {
    const count = (step: TracedStep): number => step.changed.filter(Boolean).length;
    const agrees = (step: TracedStep): boolean => step.claimed.applied === count(step) > 0;
    const contradicted = resumed.filter((step, at) => !agrees(step) && agrees(control[at]!));
    const [first] = contradicted;
    if (first === undefined) return undefined;
    const { applied } = first.claimed;
    return {
      sentence: `After resume ${resume.index} the trainer says at ${ofAll(contradicted.length, resumed.length, 'step')} that it ${applied ? 'updated its parameters, and none' : 'did not update its parameters, and some'} changed.`,
      total: resumed.length,
      subjectCount: contradicted.length,
      step: first.step,
      expected: applied
        ? 'changed parameters at each step that claims an update'
        : 'no change where none is claimed',
      seen: `${count(first)} of ${names.length} parameters changed at step ${first.step}`,
      cause: 'the log reports what the loop asked for, not what happened to the weights',
      remedy: 'log a measured quantity, such as the norm of the update',
    };
  },
);

const countRule = (
  what: Pick<Rule, 'id' | 'claim' | 'reads' | 'speaks'>,
  noun: string,
  column: typeof hookCalls,
  cause: string,
  remedy: string,
): Rule =>
  aliveRule(what, ({ resume, control, resumed, names, movedInControl, movedInResumed }) => {
    const different = names.filter((name) => {
      const seen = total(resumed, name, column);
      // None at all is another rule's finding: silent hooks, or parameters that stall.
      const stalls = movedInControl.has(name) && !movedInResumed.has(name);
      const told = seen === 0 && (column === hookCalls || stalls);
      return !told && seen !== total(control, name, column);
    });
    const [first] = different;
    if (first === undefined) return undefined;
    const [seen, expected] = [total(resumed, first, column), total(control, first, column)];
    return {
      sentence: `After resume ${resume.index}, ${ofAll(different.length, names.length, 'parameter')} ${different.length === 1 ? 'has' : 'have'} ${noun} ${seen} times in ${resumed.length} steps, in the control ${expected} times.`,
      subjects: different,
      total: names.length,
      step: resumed.find((step, at) => total([step], first, column) !== total([control[at]!], first, column))!
        .step,
      expected: `${expected} for '${first}'`,
      seen: `${seen} for '${first}'`,
      cause,
      remedy,
    };
  });

export const hookCountsDiffer = countRule(
  {
    id: 'hook-counts-differ',
    claim: 'Each gradient hook fires as often as in the control.',
    reads: 'the calls of each parameter’s gradient hook in each step',
    speaks: 'at the first step',
  },
  'its gradient hook called',
  hookCalls,
  'hooks were registered twice, or on some of the parameters only',
  'register each hook once, after the resume, and remove those of before',
);

export const updateCountsDiffer = countRule(
  {
    id: 'update-counts-differ',
    claim: 'An optimizer writes each parameter as often as in the control.',
    reads: 'how often an optimizer wrote each parameter in each step',
    speaks: 'at the first update',
  },
  'been written by an optimizer',
  updates,
  'the update is applied twice (in a hook and by the loop), or the accumulation window has another length or phase',
  'let one place apply the update, and restore the micro-batch count',
);

const doesNotAdvance = (
  id: string,
  kind: 'slot' | 'average' | 'buffer',
  noun: string,
  cause: string,
  remedy: string,
): Rule =>
  aliveRule(
    {
      id,
      claim: `Every ${noun} that advances in the control advances.`,
      reads: `the ${noun}s at the resume and at the end of the stretch, in both runs`,
      speaks: 'at the end of the stretch',
    },
    ({ resume }) => {
      if (resume.last === undefined || resume.resumed === undefined) return undefined;
      const [first, last] = [tensorsOf(resume.controlFirst, kind), tensorsOf(resume.controlLast, kind)];
      const [mine, later] = [tensorsOf(resume.resumed, kind), tensorsOf(resume.last, kind)];
      const advancing = [...last.keys()].filter((name) => last.get(name)!.sha256 !== first.get(name)?.sha256);
      const still = advancing.filter((name) => later.get(name)?.sha256 === mine.get(name)?.sha256);
      const [one] = still;
      if (one === undefined) return undefined;
      return {
        sentence: `From resume ${resume.index} to step ${resume.to}, ${ofAll(still.length, advancing.length, noun)} did not advance.`,
        subjects: still,
        total: advancing.length,
        step: resume.to,
        expected: `'${one}': L2 norm ${figure(last.get(one)!.l2)} at step ${resume.to}, as in the control`,
        seen: `${figure(later.get(one)?.l2)}, as right after the resume`,
        cause,
        remedy,
      };
    },
  );

export const slotsDoNotAdvance = doesNotAdvance(
  'slots-do-not-advance',
  'slot',
  'optimizer slot',
  'the optimizer takes no step for these parameters, or steps others',
  'see which parameters the optimizer’s groups and the hooks hold after the restore',
);

export const averagesDoNotAdvance = doesNotAdvance(
  'averages-do-not-advance',
  'average',
  'weight average',
  'the average is not updated any more, or follows weights that do not move',
  'update the average after each update, from the parameters that are trained',
);

export const buffersDoNotAdvance = doesNotAdvance(
  'buffers-do-not-advance',
  'buffer',
  'buffer',
  'the model was resumed in evaluation mode, or its statistics are written elsewhere',
  'switch to training mode after the load; let the forward pass write the buffers that are observed',
);

export const imagesUnchanged: Rule = {
  id: 'images-unchanged',
  proof: 'alive',
  claim: 'Each sampled image that changes in the control changes.',
  reads: 'the pictures sampled at the resume and at the end of the stretch, in both runs',
  speaks: 'at the end of the stretch',
  judge: ({ resumes, noise }) =>
    resumes.flatMap((resume): Found[] => {
      const { controlFirst, controlLast, resumed, last } = resume.images;
      const digests = (samples: typeof last) => new Map(samples.map(({ name, sha256 }) => [name, sha256]));
      const [before, then, mine, later] = [controlFirst, controlLast, resumed, last].map(digests) as [
        Map<string, string>,
        Map<string, string>,
        Map<string, string>,
        Map<string, string>,
      ];
      const [from, to] = [imageReadings(controlFirst), imageReadings(controlLast)];
      // What noisy sampling makes of weights that stay is no change.
      const changing = [...then.keys()].filter(
        (name) =>
          before.has(name) &&
          before.get(name) !== then.get(name) &&
          (noise.exact || !noise.alike('image', resume.to, name, from.get(name)!, to.get(name)!)),
      );
      const same = changing.filter((name) => later.has(name) && later.get(name) === mine.get(name));
      if (same.length === 0) return [];
      return [
        {
          sentence: `After resume ${resume.index} and ${resume.to - resume.from} steps, ${ofAll(same.length, changing.length, 'sampled image')} ${same.length === 1 ? 'is' : 'are'} still the checkpoint’s, pixel for pixel.`,
          subjects: same,
          total: changing.length,
          resume: resume.index,
          step: resume.to,
          expected: `other pixels than at step ${resume.from}, as in the control`,
          seen: 'the same pixels',
          cause: 'what is sampled is not trained: nothing moves, or the samples come from a copy',
          remedy: 'see the update norms; sample from the variables that the optimizer writes',
        },
      ];
    }),
};
