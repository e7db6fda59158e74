import type { TracedStep } from '../../../trace/schema.ts';
import { indexOf, totalOf } from '../../columns.ts';
import { figure, ofAll, valuesApart } from '../../words.ts';
import { aliveRule, hookCalls, isStill, type Segment } from './segment.ts';

interface Applied {
  readonly name: string;
  readonly step: number;
  readonly applied: number;
  readonly claimed: number;
  readonly inControl: number;
}

/**
 * By how many steps the log is ahead of the updates. Many trainers log the learning rate after the schedule's step, which
 * is that of the next update. The first lag that holds for every update of the control is taken; none if none does.
 */
const LAGS = [0, 1, -1] as const;

function claimedFor(
  steps: readonly TracedStep[],
  at: number,
  index: number,
  lag: number,
  group: string | null | undefined = steps[at]!.groups[index],
): number | undefined {
  return steps[at - lag]?.claimed.learningRates[group ?? 'all'];
}

function lagOf(control: readonly TracedStep[]): (typeof LAGS)[number] | undefined {
  return LAGS.find((lag) => {
    let compared = 0;
    const holds = control.every((step, at) =>
      step.learningRates.every((applied, index) => {
        const claimed = claimedFor(control, at, index, lag);
        if (applied === null || claimed === undefined) return true;
        compared += 1;
        return applied === claimed;
      }),
    );
    return holds && compared > 0;
  });
}

/**
 * Parameters whose learning rate inside the update differs from the logged one, although the two agree in the control:
 * throughout, some steps apart, or in that step.
 */
function contradictedLearningRates({ control, resumed }: Segment): Applied[] {
  const lag = lagOf(control) ?? 0;
  return resumed.flatMap((step, at) => {
    const found: Applied[] = [];
    const same = control[at]!;
    step.learningRates.forEach((applied, index) => {
      const name = step.names[index]!;
      const other = indexOf(same.names).get(name) ?? -1;
      // A process that tells no group logs by the groups that the control tells.
      const group = step.groups[index] ?? same.groups[other];
      const claimed = claimedFor(resumed, at, index, lag, group);
      if (applied === null || claimed === undefined || applied === claimed) return;
      // It may be in another group, and that group's rate is logged.
      const logged = Object.values(resumed[at - lag]?.claimed.learningRates ?? {});
      if (step.groups[index] === null && logged.includes(applied)) return;
      const inControl = same.learningRates[other];
      if (typeof inControl !== 'number' || inControl !== claimedFor(control, at, other, lag)) return;
      found.push({ name, step: step.step, applied, claimed, inControl });
    });
    return found;
  });
}

export const learningRateNotAsClaimed = aliveRule(
  {
    id: 'learning-rate-not-as-claimed',
    claim: 'Each update uses the logged learning rate, wherever it does so in the control.',
    reads: 'the learning rate inside each update, and the logged one',
    speaks: 'at the first update',
  },
  (segment) => {
    const { resume, resumed, control, names } = segment;
    const found = contradictedLearningRates(segment);
    const [first] = found;
    if (first === undefined) return undefined;
    const subjects = [...new Set(found.map(({ name }) => name))];
    const [applied, claimed] = valuesApart(first.applied, first.claimed);
    const fires =
      totalOf(resumed, hookCalls) > 0 && totalOf(resumed, hookCalls) === totalOf(control, hookCalls);
    return {
      sentence: `After resume ${resume.index}, ${fires ? 'every gradient hook fires, but ' : ''}the update of ${ofAll(subjects.length, names.length, 'parameter')} uses learning rate ${applied} while the log shows ${claimed}${isStill(segment) ? `, and nothing moved in ${resumed.length} steps` : ''}.`,
      subjects,
      total: names.length,
      step: first.step,
      expected: `learning rate ${claimed} inside the update, as logged; the control uses ${figure(first.inControl)}`,
      seen: `learning rate ${applied} inside the update of '${first.name}'; ${totalOf(resumed, hookCalls)} hook calls, ${totalOf(control, hookCalls)} in the control`,
      likelyCause:
        'the hooks (or the optimizer) hold another parameter group than the one that the schedule drives, such as that from before the restore, or the log is not of the rate that updates use',
      fix: 'register the hooks after the restore, or look up the group in each call instead of capturing it',
    };
  },
);
