/**
 * The cause table: what went wrong with a resume, told from everything that was found of it together. The cause
 * that accounts for most of the findings is the diagnosis; of equals the one that comes first here, since a
 * cause stands before what it could be mistaken for.
 */

import type { Cause } from './cause.ts';
import { COUNTER_CAUSES } from './counters.ts';
import { DECLARED } from './declared.ts';
import { EMA_CAUSES } from './ema.ts';
import { ENDS } from './ends.ts';
import { RANDOM } from './random.ts';
import { SCHEDULE_CAUSES } from './schedule.ts';
import { SLOTS, SLOTS_CHANGED } from './slots.ts';
import { STALE } from './stale.ts';
import { BUFFERS, UPDATES } from './updates.ts';
import { TRAITS, WEIGHTS, WEIGHTS_CHANGED } from './weights.ts';

export const CAUSES: readonly Cause[] = [
  ...DECLARED,
  ...TRAITS,
  ...WEIGHTS,
  WEIGHTS_CHANGED,
  ...STALE,
  ...SLOTS,
  SLOTS_CHANGED,
  ...BUFFERS,
  ...EMA_CAUSES,
  ...SCHEDULE_CAUSES,
  ...COUNTER_CAUSES,
  ...RANDOM,
  ...UPDATES,
  ...ENDS,
];
