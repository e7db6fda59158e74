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
export type { FuzzedResume, FuzzResumeOptions } from './fuzz/fuzz-options.ts';
export { fuzzResume } from './fuzz/fuzz-resume.ts';
export type {
  Compared,
  DeclaredDeviation,
  Expectation,
  Finding,
  NoiseRecord,
  Outcome,
  QuantityNoise,
  Verdict,
} from './judge/verdict.ts';
export type { Loader, LoaderOptions, LoaderState } from './loop/loader.ts';
export { createLoop, Loop, type LoopContext, type LoopRecipe, type LoopStages } from './loop/loop.ts';
export type { Driven, Parts } from './loop/parts.ts';
export type { GroupRecipe, Model, OptimizerRecipe, Pass, Recipe } from './loop/recipe.ts';
export type { LossScaler, ScalerState } from './loop/scaler.ts';
export type { Saved, Start } from './loop/snapshots.ts';
export { insertedAfter, insertedBefore, reordered, replaced, type Stage, without } from './loop/stages.ts';
export { type Config, defineConfig } from './run/define-config.ts';
export { NotProvenError, type ReportedVerdict } from './run/not-proven.ts';
export type { ProveResumeOptions } from './run/prove-options.ts';
export { assertResumes, proveResume } from './run/prove-resume.ts';
export { type LayersContext, type LayersTraining, layersTrainer } from './tfjs/layers-trainer.ts';
export { loadProgram, type ProgramOptions } from './tfjs/load-program.ts';
export type { Models } from './tfjs/model.ts';
export { modelFolder } from './tfjs/model-folder.ts';
export type { Hold } from './tfjs/updates.ts';
export { type VariablesTraining, variablesTrainer } from './tfjs/variables-trainer.ts';
export type {
  BackendRecord,
  Deviation,
  Observable,
  Plan,
  Role,
  Settings,
  SettingsChange,
} from './trace/schema.ts';
export { type AdafactorOptions, adafactor } from './training/adafactor.ts';
export { type AdamWOptions, adamW } from './training/adamw.ts';
export type { Command } from './training/command.ts';
export { Ema } from './training/ema.ts';
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
export { RandomStream } from './training/random-stream.ts';
export { Schedule, type ScheduleState, warmupCosine } from './training/schedule.ts';
export { toTensor, toTensorMap } from './training/tensors.ts';
export {
  type CommandScenario,
  defineScenario,
  type Observed,
  type Sample,
  type SampledAudio,
  type SampledImage,
  type SampledText,
  type Scenario,
  type ScenarioHistory,
  type ScenarioPlan,
  type ScenarioProcess,
  type StepClaim,
  type Trainer,
  type TrainerContext,
} from './training/trainer.ts';
