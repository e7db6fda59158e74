/**
 * What a program that judges traces imports from `resumeproof/judge`: no TensorFlow comes with it, and no trainer that
 * is judged pays for it.
 */

export { collectEvidence } from './judge/collect.ts';
export { judge } from './judge/judge.ts';
export { RULES } from './judge/rules/index.ts';
export type { Finding, Gate, Verdict } from './judge/verdict.ts';
export { readTrace, traceReader } from './trace/read.ts';
export type { Trace } from './trace/schema.ts';
