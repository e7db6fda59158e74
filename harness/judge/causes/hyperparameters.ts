/**
 * Whose a value is that has the name of a hyperparameter. Exploration has an epsilon too, and a target network a momentum.
 */
import { type CounterKind, counterKind } from '../../trace/names.ts';
import { initialState } from '../compare.ts';
import { type Evidence, type Resume, stepPairs } from '../evidence.ts';

/** A part of a name that belongs to an optimizer. Only optimizers have a weight decay. */
const OPTIMIZER =
  /(^|[./])(optimizers?|optim|((param(eter)?_?)?groups?)( ?\d+)?|weightDecay|weight_decay)([./]|$)/i;

/** The kinds of these counters. Values that nothing shows to be an optimizer's are like any other counter. */
export function kindsOf(evidence: Evidence, resume: Resume, names: readonly string[]): CounterKind[] {
  const kinds = names.map(counterKind);
  const pairs = stepPairs(resume);
  const rates = pairs.map(({ control, resumed }) =>
    [control, resumed].map(({ claimed }) => claimed.learningRates),
  );
  const groups = new Set([
    ...(resume.saved?.tensors ?? []).flatMap(({ group }) => group ?? []),
    ...rates.flat().flatMap(Object.keys),
  ]);
  // What a schedule sets beside learning rates is lost with them, unless the schedule has a count that tells.
  const isLost =
    !kinds.includes('schedule') &&
    rates.some(([theirs, mine]) => JSON.stringify(theirs) !== JSON.stringify(mine));
  const isOptimizers = (name: string): boolean =>
    OPTIMIZER.test(name) ||
    [...groups].some((group) =>
      `.${name.replaceAll('/', '.')}.`.includes(`.${group.replaceAll('/', '.')}.`),
    ) ||
    (isLost && isScheduled(evidence, name));
  return names.map((name, at) => {
    const kind = kinds[at]!;
    return kind === 'hyperparameter' && !isOptimizers(name) ? 'other' : kind;
  });
}

/** Whether the control changes a counter during the run. */
export function isScheduled(evidence: Evidence, name: string): boolean {
  const { states = [], steps = [] } = evidence.control ?? {};
  const values = [initialState(evidence), ...states, ...steps].map((one) => one?.counters?.[name]);
  return new Set(values.filter((value) => value !== undefined)).size > 1;
}
