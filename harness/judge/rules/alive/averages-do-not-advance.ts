import { doesNotAdvance } from './does-not-advance.ts';

export const averagesDoNotAdvance = doesNotAdvance(
  'averages-do-not-advance',
  'average',
  'weight average',
  'the average is not updated any more, or follows weights that do not move',
  'update the average after each update, from the parameters that are trained',
);
