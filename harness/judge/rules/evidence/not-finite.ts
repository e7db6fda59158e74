import type { Trace, TracedStep } from '../../../trace/schema.ts';
import { firstNotFinite } from '../../consistency/finite.ts';
import { isResumed, nameOf, stoppedBeingFinite } from '../../process.ts';
import type { Rule } from '../../rule.ts';
import { figure, listed, ofAll } from '../../words.ts';

export const notFinite: Rule = {
  id: 'not-finite',
  proof: 'run',
  claim: 'Training stays finite in every process that does not resume: restoring NaN as NaN proves nothing.',
  reads: 'every measured value of every process that does not resume',
  speaks: 'before the first step',
  judge: ({ traces }) => {
    const broken = ({ names, l2 }: TracedStep): string[] => names.filter((_, at) => !Number.isFinite(l2[at]));
    const firstOf = (trace: Trace) =>
      trace.steps.find((step) => !Number.isFinite(step.claimed.loss) || broken(step).length > 0);
    // The other processes fail in the same way, so one finding is enough.
    const trace = traces.find(
      (one) => !isResumed(one) && (stoppedBeingFinite(one) || firstOf(one) !== undefined),
    );
    if (trace === undefined) {
      for (const one of traces.filter((each) => !isResumed(each))) {
        const found = firstNotFinite(one);
        if (found === undefined) continue;
        const { what, ...said } = found;
        return [
          {
            ...said,
            sentence: `The ${nameOf(one)} process ${what}.`,
            likelyCause: 'a value overflowed or was undefined, in training itself or where it was measured',
            fix: 'make the scenario train without any resume first; keep only finite values in what is shown',
          },
        ];
      }
      return [];
    }
    const first = firstOf(trace);
    const failure = stoppedBeingFinite(trace) ? trace.failure : undefined;
    const message = failure?.message.split('\n')[0] ?? '';
    const step = failure?.step ?? first?.step ?? 0;
    const subjects = first === undefined ? [] : broken(first);
    const gradients = subjects.map((name) => gradientOf(first!, name));
    if (first === undefined || subjects.length === 0 || !gradients.every((norm) => Number.isFinite(norm))) {
      const seen =
        subjects.length > 0
          ? `${listed(subjects)} with norms that are not finite`
          : `loss ${first?.claimed.loss ?? 'unknown'}`;
      return [
        {
          sentence: `In the ${nameOf(trace)} run, training stopped being finite${message === '' ? ` at step ${step}` : `: ${message}`}.`,
          step,
          expected: 'finite parameters and losses in a run that was not resumed',
          seen: message || seen,
          likelyCause:
            'the loss or its gradients overflowed or were undefined: the learning rate is too high, or the data contains values that are not finite',
          fix: 'make the scenario train without a resume first: lower the learning rate, clip the gradients, check the data',
        },
      ];
    }
    return [
      {
        sentence: `In the ${nameOf(trace)} run, the update of step ${first.step} made ${ofAll(subjects.length, first.names.length, 'parameter')} non-finite, although the gradients were finite: ${listed(subjects)}.`,
        subjects,
        total: first.names.length,
        step: first.step,
        expected: `'${subjects[0]}' stays finite, like its gradient of L2 norm ${figure(gradients[0])}`,
        seen: `L2 norm ${figure(first.l2[first.names.indexOf(subjects[0]!)])} after the update; ${message || `the loss is still ${figure(trace.steps.at(-1)!.claimed.loss)} at step ${trace.steps.at(-1)!.step}`}`,
        likelyCause:
          'the optimizer’s formula is undefined for these gradients, such as the root of a negative number or a division by zero',
        fix: 'check what the optimizer computes for zero or tiny gradients, or use another optimizer',
      },
    ];
  },
};

const gradientOf = (step: TracedStep, name: string): number =>
  step.gradientL2[step.names.indexOf(name)] ?? Number.NaN;
