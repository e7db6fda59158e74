/**
 * Classifies counters and random generators by name. docs/trace.md publishes these patterns. The first match wins.
 */

const COUNTERS = [
  ['hyperparameter', /(^|[./])(weightDecay|weight_decay|beta_?\d|momentum|epsilon|eps|rho|decay)([./]|$)/i],
  ['loss-scale', /^loss_?scale/i],
  ['schedule', /^(schedule|scheduler|learning_?rates?|lr)([./]|$)|[./](learning_?rate|lr)$/i],
  ['ema', /^(ema|averages?)([./]|$)/i],
  ['accumulation', /^(accumulat|micro)/i],
  ['data', /^(data|dataset|loader|sampler)([./]|$)|^(epochs?|position|cursor)$/i],
  ['optimizer', /(^|[./])optimizers?([./]|$)/i],
  ['step', /^(global_?)?(steps?|updates|batches|iterations?)$/i],
] as const;

export type CounterKind = (typeof COUNTERS)[number][0] | 'other';
/** What a random generator is used for: the order of the data, or anything else. */
export type GeneratorKind = 'data' | 'other';

const DATA_GENERATOR = /shuffl|sampler|loader|^data([./]|$)/i;

export const counterKind = (name: string): CounterKind =>
  COUNTERS.find(([, pattern]) => pattern.test(name))?.[0] ?? 'other';

/** True for a schedule's learning rate, false for its step counts. */
export const isLearningRateName = (name: string): boolean => /rate|(^|[./_])lr([./]|$)/i.test(name);

/** True for a counter that a schedule computes its learning rate from. */
export const isScheduleCount = (name: string): boolean =>
  counterKind(name) === 'schedule' && !isLearningRateName(name);

export const generatorKind = (name: string): GeneratorKind => (DATA_GENERATOR.test(name) ? 'data' : 'other');
