/** Counters of an older save, although the parameters are those of the newest. */
import type { StateRecord, TracedStep } from '../../trace/schema.ts';
import { ofAll, plural } from '../words.ts';
import type { Cause } from './cause.ts';
import { areFresh, type Clues, COUNTERS, counterNames } from './clues.ts';

type Moment = Pick<StateRecord | TracedStep, 'step' | 'counters'>;

/**
 * The step of the control before the resume that all these counters have their values of: one that was saved, or else the
 * last. Undefined if there is none.
 */
function stepOf({ evidence, resume, counters }: Clues): { step: number; isSaved: boolean } | undefined {
  const moments: readonly Moment[] = [
    ...(evidence.control?.states ?? []),
    ...(evidence.control?.steps ?? []),
  ];
  const steps = moments
    .filter(({ step }) => step > 0 && step < resume.from)
    .filter((then) => counters.every(({ name, resumed }) => Object.is(then.counters?.[name], resumed)))
    .map(({ step }) => step);
  const saves = new Set(evidence.resumes.map(({ from }) => from));
  const saved = steps.filter((step) => saves.has(step));
  if (steps.length === 0) return undefined;
  return { step: Math.max(...(saved.length > 0 ? saved : steps)), isSaved: saved.length > 0 };
}

export const OLDER_COUNTERS: Cause = {
  id: 'counters-of-older-step',
  means:
    'Counters of several kinds have the values of an earlier step, although the parameters do not: they were saved with an older state, were not taken anew, or are counted in another unit.',
  fix: 'write all counters anew in each save, together with the parameters',
  heads: [COUNTERS],
  explains: [
    ...['schedule', 'ema', 'accumulation', 'data', 'optimizer', 'step', 'other'].map(
      (kind) => `counter:${kind}`,
    ),
    'batches-differ',
    'learning-rate-differs',
    'applied-learning-rate-differs',
    'step-differs',
    'final-counters-differ',
  ],
  diagnose(clues) {
    const { counters, changed, resume } = clues;
    // Counters of one kind can be wrong by themselves.
    if (new Set(counters.map(({ kind }) => kind)).size < 2 || areFresh(counters)) return undefined;
    const parameters = changed('parameter');
    if (parameters.total === 0 || parameters.of.length > 0) return undefined;
    const then = stepOf(clues);
    if (then === undefined) return undefined;
    const total = Object.keys(resume.saved?.counters ?? {}).length;
    return `${ofAll(counters.length, total, 'counter')} ${plural(counters.length, 'is that', 'are those')} of step ${then.step}${then.isSaved ? ', an earlier save' : ''}: ${counterNames(counters)}`;
  },
};
