import { imageReadings } from '../../quantities.ts';
import { lastRule } from './last-rule.ts';

export const imagesDifferFromControl = lastRule(
  'images-differ-from-control',
  'image',
  'sample',
  'the parameters, or their EMA, differ from the control’s',
  ({ last, controlLast, images }) =>
    // Another rule reports a control that did not reach its end.
    last === undefined || controlLast === undefined
      ? undefined
      : { mine: imageReadings(images.last), theirs: imageReadings(images.controlLast) },
);
