/** Earlier runs of the gate, and how a run differs from one of them. */
import { z } from 'zod';
import { controlOf } from '../judge/baseline.ts';
import { type Gate, originSchema, type Verdict } from '../judge/verdict.ts';
import type { Trace } from '../trace/schema.ts';
import { CHANGES, type Change, type Comparison } from './past-changes.ts';
import { parameterNorm } from './series.ts';

/** One line of history.jsonl. */
export const pastRunSchema = z.object({
  startedAt: z.string(),
  folder: z.string().describe('of the report, in the folder of reports'),
  origin: originSchema,
  backend: z.string(),
  passed: z.boolean(),
  seconds: z.number(),
  scenarios: z.array(
    z.object({
      name: z.string(),
      backend: z.string().nullable(),
      outcome: z.string(),
      asExpected: z.boolean(),
      cause: z.string().nullable(),
      seconds: z.number(),
      norm: z.number().nullable().describe('L2 norm of all parameters at the end of the control'),
    }),
  ),
});
export type PastRun = z.output<typeof pastRunSchema>;

/** What a folder of reports knows of earlier runs. */
export interface PastRuns {
  /** The newest last. */
  readonly runs: readonly PastRun[];
  /** Lines of history.jsonl that are no run. */
  readonly unreadable: number;
}

export const NO_PAST: PastRuns = { runs: [], unreadable: 0 };

/** What of a gate is kept for later runs. */
export function pastRunOf(gate: Gate, folder: string, norms: ReadonlyMap<string, number>): PastRun {
  const { startedAt, origin, backend, passed, seconds, verdicts } = gate;
  return {
    startedAt,
    folder,
    origin,
    backend,
    passed,
    seconds,
    scenarios: verdicts.map((own) => ({
      name: own.scenario,
      backend: own.backend?.name ?? null,
      outcome: own.outcome,
      asExpected: own.asExpected,
      cause: own.cause,
      seconds: own.seconds,
      norm: norms.get(own.scenario) ?? null,
    })),
  };
}

/** The norm of all parameters at the end of the control; undefined if it has none that is finite. */
export function endNormOf(traces: readonly Trace[]): number | undefined {
  const last = controlOf(traces)?.steps.at(-1);
  const norm = last === undefined ? Number.NaN : parameterNorm(last);
  return Number.isFinite(norm) ? norm : undefined;
}

export function compareGates(before: Gate, now: Gate): Comparison {
  const earlier = new Map(before.verdicts.map((own) => [own.scenario, own]));
  const later = new Map(now.verdicts.map((own) => [own.scenario, own]));
  const names = [...later.keys(), ...[...earlier.keys()].filter((name) => !later.has(name))];
  const changes = names.flatMap((scenario) => {
    const change = changeOf(earlier.get(scenario), later.get(scenario));
    return change === undefined
      ? []
      : [{ scenario, change, before: earlier.get(scenario)?.headline ?? null }];
  });
  return {
    startedAt: before.startedAt,
    commit: before.origin.commit,
    changes: changes.sort((a, b) => CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change)),
  };
}

function changeOf(before: Verdict | undefined, now: Verdict | undefined): Change | undefined {
  if (now === undefined) return 'gone';
  if (!now.asExpected) return before?.asExpected === false ? 'still failing' : 'newly failing';
  if (before === undefined) return 'new';
  return before.asExpected ? undefined : 'mended';
}
