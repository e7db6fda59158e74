/**
 * What a program that judges traces imports from `resumeproof/judge`: no TensorFlow comes with it, and no trainer that
 * is judged pays for it.
 */

export { collectEvidence } from './judge/collect.ts';
export type { Change } from './judge/deviations.ts';
export type { Evidence, Resume } from './judge/evidence.ts';
export { type Judgement, judge, type Subject } from './judge/judge.ts';
export type { Comparison, Noise } from './judge/noise/noise.ts';
export type { Curve, Quantity, Reading } from './judge/quantities.ts';
export type { Found, Rule } from './judge/rule.ts';
export { RULES } from './judge/rules/index.ts';
export type {
  Compared,
  DeclaredDeviation,
  Expectation,
  Finding,
  Gate,
  NoiseRecord,
  Origin,
  Outcome,
  QuantityNoise,
  Verdict,
} from './judge/verdict.ts';
export type { EntryName } from './trace/deviations.ts';
export { type History, type HistoryProcess, historyIn, historyOf } from './trace/history.ts';
export { readTrace, traceReader } from './trace/read.ts';
export type {
  BackendRecord,
  CheckpointRecord,
  Deviation,
  FailureRecord,
  Observable,
  Plan,
  ProcessRecord,
  ResumedRecord,
  Role,
  RunRecord,
  SampleRecord,
  SavedRecord,
  Settings,
  SettingsChange,
  StateRecord,
  StepRecord,
  TensorRecord,
  Trace,
  TracedStep,
} from './trace/schema.ts';
