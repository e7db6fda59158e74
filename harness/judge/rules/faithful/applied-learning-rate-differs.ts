import { indexOf } from '../../columns.ts';
import { stepPairs } from '../../evidence.ts';
import { valuesApart } from '../../words.ts';
import { firstStep } from './first-step.ts';

export const appliedLearningRateDiffers = firstStep(
  {
    id: 'applied-learning-rate-differs',
    claim: 'The learning rate inside each update equals the control’s.',
    reads: 'the learning rate inside each update',
    speaks: 'at the first update',
  },
  ({ control, resumed }) => {
    const at = resumed.learningRates.findIndex((learningRate, index) => {
      const other = control.learningRates[indexOf(control.names).get(resumed.names[index]!) ?? -1];
      // A missing learning rate also differs, if an update was made.
      const comparable = learningRate !== null || resumed.updates[index]! > 0;
      return comparable && typeof other === 'number' && !Object.is(learningRate, other);
    });
    if (at === -1) return undefined;
    const name = resumed.names[at]!;
    const [seen, expected] = valuesApart(
      resumed.learningRates[at],
      control.learningRates[indexOf(control.names).get(name)!],
    );
    return {
      what: `the learning rate inside the update of '${name}' differs from the control’s`,
      expected,
      seen,
    };
  },
  (resume) =>
    stepPairs(resume).some(
      ({ control, resumed }) =>
        JSON.stringify(control.claimed.learningRates) !== JSON.stringify(resumed.claimed.learningRates),
    )
      ? 'the schedule is not where it was, or the update does not read its learning rate from where the schedule writes it'
      : 'the update does not read its learning rate from where the restored schedule writes it',
  'let the update read its learning rate from the group that the schedule drives',
);
