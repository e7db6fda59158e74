/** The page's data: what the report writes into it, and what the page's script reads. Plain values only. */
import type { Finding, Gate, Outcome, Verdict } from '../judge/verdict.ts';
import type { Comparison } from './past-changes.ts';
import type { SampleRow } from './samples/panel.ts';
import type { Curve } from './series.ts';
import type { Tone } from './summary.ts';

/** What the first screen shows of a scenario. */
export interface ScenarioRow {
  readonly name: string;
  /** The element that holds its {@link Detail}. */
  readonly element: string;
  readonly tone: Tone;
  readonly standing: string;
  readonly outcome: Outcome | 'skipped';
  readonly proofs: Verdict['proofs'];
  readonly headline: string;
  /** How the findings differ from what the scenario expects. */
  readonly mismatch: string | null;
  readonly expectsFault: boolean;
  readonly backend: string;
  readonly seconds: number;
  /** Of the finding that comes first; null if there is none. */
  readonly likelyCause: string | null;
  readonly fix: string | null;
  /** The rules of all findings, each once, the first finding's first. */
  readonly rules: readonly string[];
  readonly cause: string | null;
}

export interface RuleText {
  readonly claim: string;
  readonly reads: string;
  readonly speaks: string;
  /** The command that explains it. */
  readonly help: string;
}

/** A run of the gate, or of one scenario in it. */
export interface TrendPoint {
  readonly moment: string;
  readonly commit: string | null;
  /** Scenarios that are not as expected. */
  readonly failing: number;
  readonly seconds: number;
  /** L2 norm of all parameters at the end of the control. */
  readonly norm: number | null;
}

export interface PageIndex {
  readonly sentence: string;
  readonly green: boolean;
  readonly problem: string | null;
  readonly devices: string;
  readonly startedAt: string;
  readonly seconds: number;
  /** Runs on the same backend, this one last; empty if there are no earlier ones. */
  readonly trend: readonly TrendPoint[];
  readonly comparison: Comparison | null;
  /** Scenarios with a baseline, and how their control differs from it. */
  readonly baselines: Gate['baselines'];
  /** What does not fit on the page, one sentence each. */
  readonly omitted: readonly string[];
  /** In the order of the gate. */
  readonly scenarios: readonly ScenarioRow[];
  /** The rules with findings, by id. */
  readonly rules: Readonly<Record<string, RuleText>>;
}

export interface FindingData extends Finding {
  /** Names the finding in a link. The same finding of another run has the same id. */
  readonly id: string;
}

/** A process of the run, as the timeline draws it. */
export interface ProcessData {
  readonly id: string;
  readonly role: string;
  /** The steps after which it starts and ends. */
  readonly start: number;
  readonly end: number;
  /** The step after which it was to end. */
  readonly until: number;
  readonly from: string | null;
  readonly saves: readonly number[];
  readonly killed: boolean;
  /** How it ended, in words. */
  readonly outcome: string;
  readonly sound: boolean;
  readonly backend: string | null;
}

/** A process's part of the columns of a {@link ParameterMap}. */
export interface ColumnRun {
  readonly process: string;
  readonly label: string;
  readonly firstStep: number;
  readonly lastStep: number;
  readonly columns: number;
}

/** The quantities of each parameter whose values are kept, in their order in {@link ParameterValues}. */
export const QUANTITIES = ['updateL2', 'l2', 'gradientL2'] as const;

/** Values of every parameter, a number for each quantity, parameter and column, in this order; NaN where there is none. */
export interface ParameterValues {
  readonly runs: readonly ColumnRun[];
  /** The step of each column. */
  readonly steps: readonly number[];
  /** Steps that one column stands for. */
  readonly every: number;
  readonly control: Float32Array;
  readonly interrupted: Float32Array;
}

/** Parameters × steps: how the updates of the interrupted run compare with the control's. */
export interface ParameterMap {
  readonly names: readonly string[];
  readonly groups: readonly (string | null)[];
  /** Parameters beyond the limit. */
  readonly more: number;
  readonly runs: readonly ColumnRun[];
  readonly steps: readonly number[];
  readonly every: number;
  /** A code for each parameter and column, in this order; see ratio.ts. */
  readonly codes: Int8Array;
  readonly values: ParameterValues | null;
}

export interface RunRow {
  readonly name: string;
  readonly outcome: string;
  /** The process ended by itself with exit code 0, and its trace is complete. */
  readonly sound: boolean;
  readonly exit: string;
  readonly seconds: number;
  readonly trace: string;
  readonly link: string | undefined;
  readonly notes: readonly string[];
  readonly stderr: readonly string[];
}

/** Facts about a scenario, as sentences. */
export interface Fact {
  readonly label: string;
  readonly lines: readonly string[];
  readonly kind: 'text' | 'command' | 'caveat';
}

/** What the page shows once a scenario is opened. */
export interface Detail {
  /** Earlier runs of the scenario on the same backend, the newest last. */
  readonly trend: readonly TrendPoint[];
  readonly about: string;
  readonly caveats: readonly string[];
  readonly facts: readonly Fact[];
  readonly noise: Verdict['noise'];
  readonly steps: number;
  readonly findings: readonly FindingData[];
  readonly processes: readonly ProcessData[];
  /** Resume points, in steps. */
  readonly resumeAt: readonly number[];
  readonly curves: readonly Curve[];
  readonly parameters: ParameterMap | null;
  readonly samples: readonly SampleRow[];
  readonly moreSamples: number;
  /** Data URIs of PNG images, by the id that a sample names. */
  readonly images: Readonly<Record<string, string>>;
  readonly runs: readonly RunRow[];
  readonly moreRuns: number;
}
