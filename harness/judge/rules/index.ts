/** The list of all rules. */
import type { Rule } from '../rule.ts';
import { buffersDoNotAdvance } from './alive/buffers-do-not-advance.ts';
import { claimContradicted } from './alive/claim-contradicted.ts';
import { emaDoesNotAdvance } from './alive/ema-does-not-advance.ts';
import { frozenParametersMove } from './alive/frozen-parameters-move.ts';
import { gradientsMissing } from './alive/gradients-missing.ts';
import { hookCountsDiffer } from './alive/hook-counts-differ.ts';
import { hooksSilent } from './alive/hooks-silent.ts';
import { learningRateNotAsClaimed } from './alive/learning-rate-not-as-claimed.ts';
import { randomDoesNotAdvance } from './alive/random-does-not-advance.ts';
import { samplesUnchanged } from './alive/samples-unchanged.ts';
import { samplingChangesState } from './alive/sampling-changes-state.ts';
import { saverDeparts } from './alive/saver-departs.ts';
import { savingChangesState } from './alive/saving-changes-state.ts';
import { silentNoOp } from './alive/silent-no-op.ts';
import { slotsDoNotAdvance } from './alive/slots-do-not-advance.ts';
import { stalledParameters } from './alive/stalled-parameters.ts';
import { updateCountsDiffer } from './alive/update-counts-differ.ts';
import { updatesGoAstray } from './alive/updates-go-astray.ts';
import { backendFellBack } from './evidence/backend-fell-back.ts';
import { controlDoesNotTrain } from './evidence/control-does-not-train.ts';
import { deviationNotDeclared } from './evidence/deviation-not-declared.ts';
import { notFinite } from './evidence/not-finite.ts';
import { notReproducible } from './evidence/not-reproducible.ts';
import { nothingAfterResume } from './evidence/nothing-after-resume.ts';
import { nothingObserved } from './evidence/nothing-observed.ts';
import { runDied } from './evidence/run-died.ts';
import { stateMissing } from './evidence/state-missing.ts';
import { traceIncomplete } from './evidence/trace-incomplete.ts';
import { tracesContradict } from './evidence/traces-contradict.ts';
import { appliedDiffers } from './faithful/applied-differs.ts';
import { appliedGradientsDiffer } from './faithful/applied-gradients-differ.ts';
import { appliedLearningRateDiffers } from './faithful/applied-learning-rate-differs.ts';
import { batchesDiffer } from './faithful/batches-differ.ts';
import { controlStandsApart } from './faithful/control-stands-apart.ts';
import { finalBuffersDiffer } from './faithful/final-buffers-differ.ts';
import { finalCountersDiffer } from './faithful/final-counters-differ.ts';
import { finalEmaDiffers } from './faithful/final-ema-differs.ts';
import { finalParametersDiffer } from './faithful/final-parameters-differ.ts';
import { finalRandomDiffers } from './faithful/final-random-differs.ts';
import { finalSlotsDiffer } from './faithful/final-slots-differ.ts';
import { gradientsDiffer } from './faithful/gradients-differ.ts';
import { learningRateDiffers } from './faithful/learning-rate-differs.ts';
import { lossDiffers } from './faithful/loss-differs.ts';
import { noiseTooLarge } from './faithful/noise-too-large.ts';
import { parametersDiffer } from './faithful/parameters-differ.ts';
import { replicasDiffer } from './faithful/replicas-differ.ts';
import { runsDiffer } from './faithful/runs-differ.ts';
import { samplesDifferFromControl } from './faithful/samples-differ-from-control.ts';
import { stepDiffers } from './faithful/step-differs.ts';
import { updatesDiffer } from './faithful/updates-differ.ts';
import { buffersNotRestored } from './restored/buffers-not-restored.ts';
import { changeDidNotHappen } from './restored/change-did-not-happen.ts';
import { checkpointChangesLater } from './restored/checkpoint-changes-later.ts';
import { countersNotRestored } from './restored/counters-not-restored.ts';
import { deviationDidNotHappen } from './restored/deviation-did-not-happen.ts';
import { emaNotRestored } from './restored/ema-not-restored.ts';
import { equalsColdStart } from './restored/equals-cold-start.ts';
import { gradientsNotRestored } from './restored/gradients-not-restored.ts';
import { groupsChanged } from './restored/groups-changed.ts';
import { laterSaveNotRestored } from './restored/later-save-not-restored.ts';
import { parametersNotRestored } from './restored/parameters-not-restored.ts';
import { randomNotRestored } from './restored/random-not-restored.ts';
import { ranksResumeApart } from './restored/ranks-resume-apart.ts';
import { samplesDifferAtResume } from './restored/samples-differ-at-resume.ts';
import { saveFailed } from './restored/save-failed.ts';
import { slotsNotRestored } from './restored/slots-not-restored.ts';
import { tiesChanged } from './restored/ties-changed.ts';
import { trainableChanged } from './restored/trainable-changed.ts';

/** Every rule, in the order in which findings are listed: a cause before its effects. */
export const RULES: readonly Rule[] = [
  // Incomplete traces make all other findings unreliable.
  saveFailed,
  notFinite,
  runDied,
  traceIncomplete,
  stateMissing,
  backendFellBack,
  nothingAfterResume,
  // What sampling or saving changed in one process, no other process has, and no step made.
  samplingChangesState,
  savingChangesState,
  saverDeparts,
  checkpointChangesLater,
  laterSaveNotRestored,
  tracesContradict,
  notReproducible,
  // The declared deviations decide what the other rules compare with.
  deviationNotDeclared,
  deviationDidNotHappen,
  changeDidNotHappen,
  ranksResumeApart,
  // Parameters that are wrong, or cannot train, explain everything below.
  parametersNotRestored,
  trainableChanged,
  groupsChanged,
  tiesChanged,
  equalsColdStart,
  // The reasons why nothing moves come before the fact that nothing moves.
  gradientsMissing,
  hooksSilent,
  updatesGoAstray,
  learningRateNotAsClaimed,
  silentNoOp,
  stalledParameters,
  frozenParametersMove,
  // Lost state and its effects.
  slotsNotRestored,
  gradientsNotRestored,
  buffersNotRestored,
  countersNotRestored,
  randomNotRestored,
  emaNotRestored,
  samplesDifferAtResume,
  hookCountsDiffer,
  updateCountsDiffer,
  claimContradicted,
  slotsDoNotAdvance,
  emaDoesNotAdvance,
  buffersDoNotAdvance,
  randomDoesNotAdvance,
  samplesUnchanged,
  batchesDiffer,
  learningRateDiffers,
  appliedLearningRateDiffers,
  appliedDiffers,
  stepDiffers,
  replicasDiffer,
  appliedGradientsDiffer,
  lossDiffers,
  gradientsDiffer,
  updatesDiffer,
  parametersDiffer,
  finalParametersDiffer,
  finalSlotsDiffer,
  finalEmaDiffers,
  finalBuffersDiffer,
  samplesDifferFromControl,
  controlStandsApart,
  noiseTooLarge,
  finalCountersDiffer,
  finalRandomDiffers,
  // What could not be judged. A refutation above is still valid.
  controlDoesNotTrain,
  nothingObserved,
  runsDiffer,
];
