/** Turns a verdict and its traces into what the page shows of the scenario: cleaned texts, samples, curves, norms. */
import { join, resolve } from 'node:path';
import { type Compared, PROOFS, type Verdict } from '../judge/verdict.ts';
import { describeHistory, historyOf } from '../trace/history.ts';
import type { Trace } from '../trace/schema.ts';
import type { Detail, Fact, RunRow, ScenarioRow, TrendPoint } from './data.ts';
import { findingIds } from './finding-ids.ts';
import { parameterMap } from './parameters.ts';
import { type BaselineSample, openSampleFiles, type SampleRow, samplePanel } from './samples/panel.ts';
import { curves, thinCurve } from './series.ts';
import {
  byDeclaration,
  cutSentence,
  declarations,
  deviceSentence,
  knownBad,
  standing,
  tone,
} from './summary.ts';
import { count, enumerate, linkTo, tame, visible } from './text.ts';
import { timeline } from './timeline.ts';

const STDERR_LINES = 30;
const MAX_RUNS = 100;
const MAX_RESUMES_NAMED = 12;

/** How much of a scenario's series is kept at first: all of what is not proven, an outline of what is. */
export const WHOLE = { curves: 5000, values: 2000 };
export const OUTLINE = { curves: 120, values: 60 };

/** @param verdict with texts that are cleaned */
export function scenarioRow(verdict: Verdict, element: string): ScenarioRow {
  const [root] = verdict.findings;
  return {
    name: verdict.scenario,
    element,
    tone: tone(verdict),
    standing: standing(verdict),
    outcome: verdict.outcome,
    proofs: verdict.proofs,
    headline: verdict.headline,
    mismatch: verdict.mismatch,
    expectsFault: knownBad(verdict),
    backend: verdict.backend?.name ?? 'unknown',
    seconds: verdict.seconds,
    likelyCause: root?.likelyCause ?? null,
    fix: root?.fix ?? null,
    rules: [...new Set(verdict.findings.map(({ rule }) => rule))],
    cause: verdict.cause,
  };
}

/**
 * @param directory the run's folder; samples are read only inside it
 * @param verdict with texts that are cleaned
 */
export async function detailOf(
  directory: string,
  verdict: Verdict,
  traces: readonly Trace[],
  baseline: readonly BaselineSample[],
  trend: readonly TrendPoint[],
): Promise<{ readonly detail: Detail; readonly leftOut: number }> {
  const history = verdict.history ?? historyOf(verdict.plan);
  const ids = findingIds(verdict.findings);
  const limits = verdict.outcome === 'proven' ? OUTLINE : WHOLE;
  const files = openSampleFiles(directory);
  const lines = curves(traces).map((curve) => thinCurve(curve, limits.curves));
  const parameters = parameterMap(traces, limits.values);
  const { runs, more } = runRows(directory, verdict, traces);
  const samples = await samplePanel(files, traces, history, baseline);
  const { rows, images } = withoutImages(samples.rows);
  const detail: Detail = {
    trend,
    about: verdict.about,
    caveats: verdict.caveats,
    facts: factsOf(verdict),
    noise: verdict.noise,
    steps: verdict.plan.steps,
    findings: verdict.findings.map((finding) => ({ ...finding, id: ids.get(finding)! })),
    processes: timeline(traces, history),
    resumeAt: verdict.plan.resumeAt,
    curves: lines,
    parameters,
    samples: rows,
    moreSamples: samples.more,
    images,
    runs,
    moreRuns: more,
  };
  return { detail, leftOut: files.images.leftOut() + files.recordings.leftOut() };
}

/** Each distinct image once. */
function withoutImages(rows: readonly SampleRow[]): { rows: SampleRow[]; images: Record<string, string> } {
  const ids = new Map<string, string>();
  const idOf = (src: string | undefined): string | undefined => {
    if (src === undefined) return undefined;
    const id = ids.get(src) ?? `image-${ids.size + 1}`;
    ids.set(src, id);
    return id;
  };
  const own = rows.map((row) =>
    'images' in row
      ? { ...row, images: row.images.map((image) => ({ ...image, src: idOf(image.src) })) }
      : row,
  );
  return { rows: own, images: Object.fromEntries([...ids].map(([src, id]) => [id, src])) };
}

function factsOf(verdict: Verdict): Fact[] {
  const { compared, noise, deviations, cut } = verdict;
  const fact = (label: string, lines: readonly string[], kind: Fact['kind'] = 'text'): Fact[] =>
    lines.length === 0 ? [] : [{ label, lines, kind }];
  return [
    ...fact('Outcome', [`${verdict.outcome}${expectation(verdict)}`]),
    ...fact('Proofs', [proofsSentence(verdict)]),
    ...fact('By declaration', deviations.length === 0 ? [] : declarations(verdict)),
    ...fact('Plan', [planSentence(verdict)]),
    ...fact('Ended early', cut === null ? [] : [cutSentence(verdict)], 'caveat'),
    ...fact('Device', [deviceSentence(verdict)]),
    ...fact('Compared', compared === null ? [] : [comparedText(compared)]),
    ...fact('Judged by', noise === null ? [] : [noise.text]),
    ...fact('Run again', [verdict.replay], 'command'),
  ];
}

function expectation(verdict: Verdict): string {
  if (verdict.expect === 'proven') return '';
  return ` – a known fault that these rules must find: ${enumerate(verdict.expect.slice(0, 20))}`;
}

function proofsSentence(verdict: Verdict): string {
  const { proofs } = verdict;
  if (proofs === null) return 'none was judged';
  return PROOFS.map((proof) => {
    const declared = byDeclaration(verdict, proof);
    return `${proof} ${proofs[proof]}${declared === '' ? '' : ` (${declared})`}`;
  }).join(', ');
}

/** What was run, in one sentence. */
export function planSentence({ plan, history }: Verdict): string {
  if (history !== null) {
    const processes = history.processes.slice(0, MAX_RESUMES_NAMED);
    const left = history.processes.length - processes.length;
    const described = describeHistory({ ...history, processes });
    return `${count(plan.steps, 'step')}: ${described}${left > 0 ? `; ${left} more` : ''}`;
  }
  const named = plan.resumeAt.slice(0, MAX_RESUMES_NAMED);
  const more = plan.resumeAt.length - named.length;
  const points: (string | number)[] = more > 0 ? [...named, `${more} more`] : named;
  if (points.length === 0) return `${count(plan.steps, 'step')}, never resumed`;
  const on = plan.resumeOn === undefined ? '' : `, in turn on ${[...new Set(plan.resumeOn)].join(', ')}`;
  return `${count(plan.steps, 'step')}; saved, stopped and resumed after step ${enumerate(points)}${on}`;
}

const SINGULAR: Readonly<Record<keyof Compared, string>> = {
  processes: 'process',
  steps: 'step',
  tensors: 'tensor',
  samples: 'sample',
  generators: 'generator',
  counters: 'counter',
};

/** `3 processes, 4 steps, 38 tensors …`, which shows that a proof is not empty. */
const comparedText = (compared: Compared): string =>
  Object.entries(compared)
    .map(([what, count]) => `${count} ${count === 1 ? SINGULAR[what as keyof Compared] : what}`)
    .join(', ');

function runRows(
  directory: string,
  verdict: Verdict,
  traces: readonly Trace[],
): { runs: RunRow[]; more: number } {
  const byFile = new Map(traces.map((trace) => [resolve(trace.file), trace]));
  const runs = verdict.runs.slice(0, MAX_RUNS).map((run) => {
    const trace = byFile.get(resolve(join(directory, run.trace)));
    const ended = trace?.process;
    const notes = [
      trace === undefined ? 'no trace was read for this run' : undefined,
      trace?.defect,
      trace?.failure && `${trace.failure.code} at step ${trace.failure.step}: ${trace.failure.message}`,
    ];
    const told = notes.filter((note) => note !== undefined).map((note) => visible(note, 1000));
    return {
      name: visible(run.id, 100),
      outcome: ended?.outcome ?? 'unknown',
      sound: ended?.outcome === 'exited' && ended.exitCode === 0 && told.length === 0,
      exit: visible(ended?.signal ?? String(ended?.exitCode ?? '–'), 100),
      seconds: run.seconds,
      trace: visible(run.trace, 300),
      link: linkTo(run.trace),
      notes: told,
      stderr: (ended?.stderr ?? []).slice(-STDERR_LINES).map((text) => visible(text, 500)),
    };
  });
  return { runs, more: verdict.runs.length - runs.length };
}

/** Cleans a verdict's texts. Paths of traces are kept, since they are not shown as they are. */
export const tamed = (verdict: Verdict): Verdict => ({ ...tame(verdict), runs: verdict.runs });
