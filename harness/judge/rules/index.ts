/** Every rule, in the order in which their findings explain each other: a cause before what follows from it. */
import type { Rule } from '../rule.ts';
import * as alive from './alive.ts';
import { deviationDidNotHappen } from './deviation-did-not-happen.ts';
import { deviationNotDeclared } from './deviation-not-declared.ts';
import { FAITHFUL_RULES } from './faithful.ts';
import { finalCountersDiffer, finalRandomDiffers } from './final-state-differs.ts';
import { gradientsMissing } from './gradients-missing.ts';
import { randomDoesNotAdvance } from './random-does-not-advance.ts';
import * as restored from './restored.ts';
import * as run from './run.ts';

/** Every rule, in the order in which findings explain each other: a cause before its effects. */
export const RULES: readonly Rule[] = [
  // Without whole traces nothing else can be believed.
  run.saveFailed,
  run.notFinite,
  run.runDied,
  run.traceIncomplete,
  run.stateMissing,
  run.backendFellBack,
  run.nothingAfterResume,
  run.notReproducible,
  // What is declared decides what all the rest is compared with.
  deviationNotDeclared,
  deviationDidNotHappen,
  // Wrong weights, or weights that cannot train, explain all that follows.
  restored.parametersNotRestored,
  restored.trainableChanged,
  restored.groupsChanged,
  restored.tiesChanged,
  restored.equalsColdStart,
  // Why nothing moves, then that nothing moves.
  gradientsMissing,
  alive.hooksSilent,
  alive.updatesGoAstray,
  alive.rateNotAsClaimed,
  alive.silentNoOp,
  alive.stalledParameters,
  alive.frozenParametersMove,
  // State that was lost, and what it leads to.
  restored.slotsNotRestored,
  restored.gradientsNotRestored,
  restored.buffersNotRestored,
  restored.countersNotRestored,
  restored.randomNotRestored,
  restored.averagesNotRestored,
  restored.imagesDifferAtResume,
  alive.hookCountsDiffer,
  alive.updateCountsDiffer,
  alive.claimContradicted,
  alive.slotsDoNotAdvance,
  alive.averagesDoNotAdvance,
  alive.buffersDoNotAdvance,
  randomDoesNotAdvance,
  alive.imagesUnchanged,
  ...FAITHFUL_RULES,
  finalCountersDiffer,
  finalRandomDiffers,
  // What could not be told; what was refuted stands all the same.
  run.controlDoesNotTrain,
  run.nothingObserved,
];
