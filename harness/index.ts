/** What a scenario or a trainer imports from `resumeproof`. Whoever judges traces imports `resumeproof/judge`. */
export {
  BackendError,
  type BackendErrorCode,
  type OpenedBackend,
  type OpenOptions,
  openBackend,
} from './backend/backend.ts';
export type { BackendName } from './backend/names.ts';
export {
  type Checkpoint,
  CheckpointError,
  type ExpectedTensor,
  loadCheckpoint,
  requireTensors,
  saveCheckpoint,
} from './checkpoint/checkpoint.ts';
export type { CheckpointErrorCode, Refusal } from './checkpoint/error.ts';
export type { Json, JsonScalar } from './checkpoint/json.ts';
export {
  type Digest,
  type Dtype,
  readSafetensors,
  type SafetensorsFile,
  type TensorData,
  type TensorMap,
  writeSafetensors,
} from './checkpoint/safetensors.ts';
export type { TrainingState } from './checkpoint/state.ts';
export { type Build, defineFault, type Fault } from './faults/fault.ts';
export { modelFolder } from './layers/folder.ts';
export type { Models } from './layers/model.ts';
export { type LayersContext, type LayersTraining, layersTrainer } from './layers/trainer.ts';
export type { Hold } from './layers/updates.ts';
export { type VariablesTraining, variablesTrainer } from './layers/variables.ts';
export type { Start } from './loop/anew.ts';
export type { Loader, LoaderOptions, LoaderState } from './loop/loader.ts';
export { createLoop, Loop, type LoopContext, type Program } from './loop/loop.ts';
export type { Driven, Parts } from './loop/parts.ts';
export type { GroupRecipe, Model, OptimizerRecipe, Pass, Recipe } from './loop/recipe.ts';
export type { Saved } from './loop/saved.ts';
export type { LossScaler, ScalerState } from './loop/scaler.ts';
export { insertedAfter, insertedBefore, moved, replaced, type Stage, without } from './loop/stages.ts';
export { loadProgram, type ProgramOptions } from './program/load.ts';
export type { BackendRecord, Deviation, Observable, Plan, Role } from './trace/schema.ts';
export { type AdafactorOptions, adafactor } from './training/adafactor.ts';
export { type AdamWOptions, adamW } from './training/adamw.ts';
export { WeightAverage } from './training/average.ts';
export {
  type FusedGroups,
  fuseBackwardPass,
  fuseOptimizerGroups,
  splitIntoGroups,
  type Unregister,
} from './training/fused.ts';
export { clipGradientNorm, type GradientHook, Gradients } from './training/gradients.ts';
export { roundTo8Bits, withMasterWeights } from './training/master.ts';
export { sgd } from './training/momentum.ts';
export {
  Optimizer,
  type OptimizerState,
  type Parameter,
  type ParameterGroup,
  type UpdateInput,
  type UpdateOutput,
  type UpdateRule,
} from './training/optimizer.ts';
export { RandomStream } from './training/random.ts';
export { Schedule, type ScheduleState, warmupCosine } from './training/schedule.ts';
export { toTensor, toTensorMap } from './training/tensors.ts';
export {
  defineScenario,
  type Observed,
  type SampledImage,
  type Scenario,
  type ScenarioPlan,
  type StepClaim,
  type Trainer,
  type TrainerContext,
} from './training/trainer.ts';
