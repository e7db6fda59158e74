import { indexOf } from '../../columns.ts';
import { valuesApart } from '../../words.ts';
import { firstStep } from './first-step.ts';

export const appliedLearningRateDiffers = firstStep(
  {
    id: 'applied-learning-rate-differs',
    claim: 'The learning rate inside each update is the control’s.',
    reads: 'the learning rate inside each update',
    speaks: 'at the first update',
  },
  ({ control, resumed }) => {
    const at = resumed.learningRates.findIndex((learningRate, index) => {
      const other = control.learningRates[indexOf(control.names).get(resumed.names[index]!) ?? -1];
      // None where an update is made is another one, too.
      const told = learningRate !== null || resumed.updates[index]! > 0;
      return told && typeof other === 'number' && !Object.is(learningRate, other);
    });
    if (at === -1) return undefined;
    const name = resumed.names[at]!;
    const [seen, expected] = valuesApart(
      resumed.learningRates[at],
      control.learningRates[indexOf(control.names).get(name)!],
    );
    return {
      what: `the learning rate inside the update of '${name}' is not the control’s`,
      expected,
      seen,
    };
  },
  () => 'the update reads its learning rate from another place than the restored schedule writes it to',
  'let the update read its learning rate from the group that the schedule drives',
);
