import { indexOf } from '../../columns.ts';
import { valuesApart } from '../../words.ts';
import { firstStep } from './first-step.ts';

export const appliedRateDiffers = firstStep(
  {
    id: 'applied-rate-differs',
    claim: 'The learning rate inside each update is the control’s.',
    reads: 'the learning rate inside each update',
    speaks: 'at the first update',
  },
  ({ control, resumed }) => {
    const at = resumed.rates.findIndex((rate, index) => {
      const other = control.rates[indexOf(control.names).get(resumed.names[index]!) ?? -1];
      // None where an update is made is another one, too.
      const told = rate !== null || resumed.updates[index]! > 0;
      return told && typeof other === 'number' && !Object.is(rate, other);
    });
    if (at === -1) return undefined;
    const name = resumed.names[at]!;
    const [seen, expected] = valuesApart(resumed.rates[at], control.rates[indexOf(control.names).get(name)!]);
    return {
      what: `the learning rate inside the update of '${name}' is not the control’s`,
      expected,
      seen,
    };
  },
  () => 'the update reads its rate from another place than the restored schedule writes it to',
  'let the update read its rate from the group that the schedule drives',
);
