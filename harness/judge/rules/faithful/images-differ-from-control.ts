import { imageReadings } from '../../quantities.ts';
import { lastRule } from './last-rule.ts';

export const imagesDifferFromControl = lastRule(
  'images-differ-from-control',
  'image',
  'sampled image',
  'the weights, or their EMA, differ from the control’s',
  ({ last, controlLast, images }) =>
    // A control that did not come to its end has a finding of its own.
    last === undefined || controlLast === undefined
      ? undefined
      : { mine: imageReadings(images.last), theirs: imageReadings(images.controlLast) },
);
