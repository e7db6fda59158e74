/**
 * The cause table. A cause is inferred from all findings of a resume together. The diagnosis is the cause that accounts
 * for most of the findings. If several account for equally many, the first in this table wins, so each cause comes
 * before those that it could be mistaken for.
 */
import type { Cause } from './cause.ts';
import { COUNTER_CAUSES } from './counters.ts';
import { DECLARED } from './declared.ts';
import { EMA_CAUSES } from './ema.ts';
import { ENDS } from './ends.ts';
import { RANDOM } from './random.ts';
import { RANK_CAUSES } from './ranks.ts';
import { SCHEDULE_CAUSES } from './schedule.ts';
import { SLOTS, SLOTS_CHANGED } from './slots.ts';
import { STALE } from './stale.ts';
import { BUFFERS, UPDATES } from './updates.ts';
import { TRAITS, WEIGHTS, WEIGHTS_CHANGED } from './weights.ts';

export const CAUSES: readonly Cause[] = [
  ...DECLARED,
  ...RANK_CAUSES,
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
