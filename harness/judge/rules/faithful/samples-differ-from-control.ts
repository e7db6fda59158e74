import { sampleReadings } from '../../quantities.ts';
import { lastRule } from './last-rule.ts';

export const samplesDifferFromControl = lastRule(
  'samples-differ-from-control',
  'sample',
  'sample',
  'the parameters, or their EMA, differ from the control’s',
  ({ last, controlLast, samples }) =>
    // Another rule reports a control that did not reach its end.
    last === undefined || controlLast === undefined
      ? undefined
      : { mine: sampleReadings(samples.last), theirs: sampleReadings(samples.controlLast) },
);
