/** The kill matrix: puts every fault into every healthy scenario that it applies to, and judges what comes of it. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import { collectEvidence } from '../judge/collect.ts';
import { firstResumes } from '../judge/cut.ts';
import { type Judgement, judge, type Subject, skipped } from '../judge/judge.ts';
import { type JudgedCell, judgeCell, unjudged } from '../judge/matrix/cell.ts';
import {
  type Cell,
  type Matrix,
  type MatrixFault,
  type MatrixScenario,
  rowOf,
  summarize,
} from '../judge/matrix/matrix.ts';
import { writeWhole } from '../report/files.ts';
import { writeMatrix } from '../report/matrix.ts';
import type { Plan, Trace } from '../trace/schema.ts';
import { type ExecuteOptions, executeFault, executeScenario } from './execute.ts';
import { type Failing, failing } from './failing.ts';
import type { LoadedFault } from './faults.ts';
import type { LoadedScenario } from './scenario.ts';

export interface MutantsOptions extends Pick<ExecuteOptions, 'backend' | 'requireGpu' | 'images' | 'signal'> {
  /** The run's folder, which must not exist yet. */
  readonly folder: string;
  /** Processes at a time. */
  readonly jobs: number;
  /** Try each fault on as many scenarios as this, in which it can matter; on all if undefined. */
  readonly sample: number | undefined;
  /** Whether a fault that applies to no scenario is red. */
  readonly allApply: boolean;
  /** Keep the traces of all cells, not only of those that were missed. */
  readonly keep: boolean;
  /** The command that runs a cell again, or a scenario where there is no fault. */
  readonly replay: (scenario: LoadedScenario, fault?: string) => string;
  readonly onScenario?: (scenario: MatrixScenario, applicable: number) => void;
  /** Told how many cells there are before the first one, and of a sample again whenever one more has to be tried. */
  readonly onCells?: (total: number) => void;
  readonly onCell?: (fault: string, cell: Cell) => void;
}

export interface MutantsResult {
  readonly matrix: Matrix;
  readonly report: { readonly html: string; readonly json: string };
}

/** A scenario without a fault in it: what every cell of it is judged against. */
interface Healthy {
  readonly loaded: LoadedScenario;
  readonly folder: string;
  readonly subject: Subject;
  readonly judgement: Judgement;
  readonly traces: readonly Trace[];
  /** The numbers of first resumes that are proven by themselves: what is found in as many is no artefact of the cut. */
  readonly provenAfter: ReadonlySet<number>;
  /** By fault file. */
  readonly answers: Readonly<Record<string, boolean | string>>;
  readonly seconds: number;
}

/**
 * Runs the scenarios, then the cells, side by side; what an abort leaves is told as not run.
 * @throws what was no scenario's and no fault's doing: it ends the rest, and what was finished is reported nevertheless
 */
export async function runMutants(
  scenarios: readonly LoadedScenario[],
  faults: readonly LoadedFault[],
  outside: MutantsOptions,
): Promise<MutantsResult> {
  const startedAt = new Date();
  const { signal, attempt, finish } = failing(outside.signal);
  const options = { ...outside, signal };
  await mkdir(options.folder, { recursive: true });
  const limit = pLimit(options.jobs);
  // More under way than there are processes at a time: while one is judged, another has a process to run.
  const atATime = pLimit(options.jobs + 1);
  const started = await atATime.map(scenarios, (loaded) =>
    attempt(async () => {
      if (signal.aborted) return undefined;
      const own = await runHealthy(loaded, faults, limit, options);
      // What was cut off is no false alarm.
      if (signal.aborted) return undefined;
      options.onScenario?.(scenarioOf(own), applicableTo(own, faults).length);
      return own;
    }),
  );
  const healthy = started.filter((own) => own !== undefined);
  const cells = await runCells(healthy, faults, limit, options, attempt);
  return finish(async () => {
    const kept = new Set(
      cells.flatMap((row) => row.flatMap((cell) => (cell.kept === null ? [] : cell.scenario))),
    );
    const told = await Promise.all(
      healthy.map(async (own): Promise<MatrixScenario> => {
        const scenario = scenarioOf(own);
        if (options.keep || scenario.falseAlarm || kept.has(scenario.scenario)) {
          return {
            ...scenario,
            kept: await keep(own.folder, own.judgement, own.traces, own.seconds, options),
          };
        }
        await rm(own.folder, { recursive: true, force: true });
        return scenario;
      }),
    );
    const matrix = summarize({
      startedAt: startedAt.toISOString(),
      seconds: (Date.now() - startedAt.getTime()) / 1000,
      backend: options.backend,
      device: healthy.find(({ judgement }) => judgement.backend !== null)?.judgement.backend ?? null,
      sample: options.sample ?? null,
      allApply: options.allApply,
      interrupted: signal.aborted,
      scenarios: told,
      rows: faults.map(({ fault }, index) => rowOf(factsOf(fault), cells[index]!)),
    });
    return { matrix, report: await writeMatrix(options.folder, matrix) };
  });
}

const factsOf = ({ id, breaks, reports, proofs, rule, cause }: LoadedFault['fault']): MatrixFault => ({
  id,
  breaks,
  reports: [...reports],
  proofs: [...proofs],
  rule: [rule].flat(),
  cause: [cause].flat(),
});

async function runHealthy(
  loaded: LoadedScenario,
  faults: readonly LoadedFault[],
  limit: LimitFunction,
  options: MutantsOptions,
): Promise<Healthy> {
  const start = performance.now();
  const folder = path.join(options.folder, loaded.name);
  let answers: Healthy['answers'] = {};
  const { traces, skip } = await executeScenario(loaded, {
    ...options,
    folder: path.join(folder, 'healthy'),
    limit,
    // The third arm tells what was lost from what was changed.
    cold: true,
    ask: faults.map(({ file }) => file),
    onProgress: (_role, _segment, progress) => {
      if (progress.kind === 'applies') answers = progress.answers;
    },
  });
  const { name, scenario, plan } = loaded;
  const subject: Subject = {
    scenario: name,
    about: scenario.about,
    expect: 'proven',
    replay: options.replay(loaded),
  };
  // A trainer that is not asked for a cold start by its scenario need not know how to make one.
  const usable = traces.filter(
    ({ run, end }) => run?.role !== 'cold' || end !== undefined || scenario.cold === true,
  );
  const judgement =
    skip === undefined
      ? judge(subject, collectEvidence(plan, options.backend, usable))
      : skipped(subject, plan, skip);
  const provenAfter = new Set(
    Array.from({ length: plan.resumeAt.length - 1 }, (_, index) => index + 1).filter(
      (resumes) => judgeFirst(subject, plan, options.backend, usable, resumes).outcome === 'proven',
    ),
  );
  const seconds = (performance.now() - start) / 1000;
  return { loaded, folder, subject, judgement, traces: usable, provenAfter, answers, seconds };
}

function judgeFirst(
  subject: Subject,
  plan: Plan,
  backend: string,
  traces: readonly Trace[],
  resumes: number,
): Judgement {
  const first = firstResumes(plan, traces, resumes);
  return judge(subject, collectEvidence(first.plan, backend, first.traces));
}

function scenarioOf({ loaded, judgement, seconds }: Healthy): MatrixScenario {
  const { outcome, headline } = judgement;
  const falseAlarm = outcome !== 'proven' && outcome !== 'skipped';
  return { scenario: loaded.name, outcome, falseAlarm, headline, seconds, kept: null };
}

/** Where it could not be told, the cell is run into, and says why. */
const applicableTo = ({ answers }: Healthy, faults: readonly LoadedFault[]): LoadedFault[] =>
  faults.filter(({ file }) => answers[file] !== false);

/** Rules are measured where equal runs are equal; elsewhere the noise decides what can be seen. */
const isMeasured = ({ judgement }: Healthy): boolean =>
  judgement.outcome === 'proven' && judgement.noise?.exact === true;

/** By fault, a cell for each scenario, in their orders. */
async function runCells(
  healthy: readonly Healthy[],
  faults: readonly LoadedFault[],
  limit: LimitFunction,
  options: MutantsOptions,
  attempt: Failing['attempt'],
): Promise<Cell[][]> {
  const proven = healthy.filter(isMeasured);
  const turns = inTurns(proven, faults);
  const wanted = options.sample ?? Number.POSITIVE_INFINITY;
  let total = turns.reduce((sum, own) => sum + Math.min(own.length, wanted), 0);
  options.onCells?.(total);
  const atATime = pLimit(options.jobs + 1);
  return Promise.all(
    faults.map(async (loadedFault, index) => {
      const cells = new Map<string, Cell>();
      const turn = turns[index]!;
      let needed = wanted;
      const run = (own: Healthy): Promise<void> =>
        atATime(async () => {
          const cell = (await attempt(() => runCell(own, loadedFault, limit, options))) ?? interruptedIn(own);
          // An equivalent one says nothing of the fault, so another scenario is tried.
          if (cell.outcome === 'equivalent') {
            needed += 1;
            if (needed <= turn.length) options.onCells?.(++total);
          }
          if (cell.outcome !== 'not-run') options.onCell?.(loadedFault.fault.id, cell);
          cells.set(own.loaded.name, cell);
        });
      if (options.sample === undefined) await Promise.all(turn.map(run));
      else for (const own of turn) if (cells.size < needed) await run(own);
      return healthy.map((own) => cells.get(own.loaded.name) ?? withoutRun(own, loadedFault));
    }),
  );
}

/**
 * For each fault the scenarios that it applies to, those first that the faults before it come to least: so that a
 * sample is spread over all scenarios, and is the same each time.
 */
function inTurns(proven: readonly Healthy[], faults: readonly LoadedFault[]): Healthy[][] {
  const load = new Map(proven.map((own) => [own, 0]));
  return faults.map((loadedFault) => {
    const able = proven.filter((own) => applicableTo(own, [loadedFault]).length > 0);
    const turn = able.toSorted((a, b) => load.get(a)! - load.get(b)!);
    const [first] = turn;
    if (first !== undefined) load.set(first, load.get(first)! + 1);
    return turn;
  });
}

function withoutRun(own: Healthy, loadedFault: LoadedFault): Cell {
  const { outcome } = own.judgement;
  const answer = own.answers[loadedFault.file];
  const whyNotRun = (): string => {
    if (outcome === 'skipped') return own.judgement.headline;
    if (outcome !== 'proven') return `the healthy run is ${outcome}`;
    return isMeasured(own)
      ? 'not drawn in this sample'
      : 'its controls differ, so that it would measure their noise and not the rules';
  };
  const judged = answer === false ? unjudged('not-applicable', null) : unjudged('not-run', whyNotRun());
  return { scenario: own.loaded.name, ...judged, seconds: 0, kept: null };
}

const interruptedIn = ({ loaded }: Healthy): Cell => ({
  scenario: loaded.name,
  ...unjudged('not-run', 'interrupted'),
  seconds: 0,
  kept: null,
});

async function runCell(
  own: Healthy,
  { file, fault }: LoadedFault,
  limit: LimitFunction,
  options: MutantsOptions,
): Promise<Cell> {
  const { loaded, subject, traces } = own;
  const { name, plan } = loaded;
  const interrupted = interruptedIn(own);
  if (options.signal.aborted) return interrupted;
  const answer = own.answers[file];
  if (answer === undefined || typeof answer === 'string') {
    const why = `it could not be asked whether it applies: ${answer ?? 'there was no answer'}`;
    return { ...interrupted, outcome: 'missed', why };
  }
  const start = performance.now();
  // Beside the healthy run's, whose name a fault may have.
  const folder = path.join(own.folder, 'faults', fault.id);
  const saves = fault.saves ?? false;
  const changed = (trace: Trace): boolean =>
    trace.run?.role === 'after' || (saves && trace.run?.role === 'before');
  const untouched = traces.filter((trace) => !changed(trace));
  const healthy = traces.filter(changed);
  const facts = factsOf(fault);
  const itsOwn = { ...subject, replay: options.replay(loaded, fault.id) };
  let early: JudgedCell | undefined;
  // What caught it and named it rightly is not asked for more; who keeps the traces wants all of them.
  const settled = (faulty: readonly Trace[]): boolean => {
    const resumes = faulty.filter(({ run }) => run?.role === 'after').length;
    if (options.keep || !own.provenAfter.has(resumes)) return false;
    const all = [...untouched, ...faulty];
    const cell = judgeCell(facts, judgeFirst(itsOwn, plan, options.backend, all, resumes), healthy, faulty);
    early = cell.headlineRight ? cell : undefined;
    return cell.headlineRight;
  };
  const faulty = await executeFault(loaded, { file, saves }, path.join(own.folder, 'healthy'), settled, {
    ...options,
    folder,
    limit,
    cold: false,
    onProgress: () => {},
  });
  if (options.signal.aborted) {
    await rm(folder, { recursive: true, force: true });
    return interrupted;
  }
  const cellOf = (judged: JudgedCell): Cell => ({
    scenario: name,
    ...judged,
    seconds: (performance.now() - start) / 1000,
    kept: null,
  });
  let cell: Cell;
  if (early === undefined) {
    const all = [...untouched, ...faulty];
    const judgement = judge(itsOwn, collectEvidence(plan, options.backend, all));
    cell = cellOf(judgeCell(facts, judgement, healthy, faulty));
    if (options.keep || cell.outcome === 'missed') {
      return { ...cell, kept: await keep(folder, judgement, all, cell.seconds, options) };
    }
  } else {
    // Of a run that was cut short, only what was said of its beginning holds.
    cell = cellOf(early);
  }
  await rm(folder, { recursive: true, force: true });
  return cell;
}

/** Leaves the traces where they are, with the verdict beside them. Returns the folder's name within the run's. */
async function keep(
  folder: string,
  judgement: Judgement,
  traces: readonly Trace[],
  seconds: number,
  { folder: root }: MutantsOptions,
): Promise<string> {
  const within = (from: string, file: string): string => path.relative(from, file).split(path.sep).join('/');
  const runs = traces.map((trace) => ({
    role: trace.run?.role ?? 'unknown',
    segment: trace.run?.segment ?? 0,
    trace: within(folder, trace.file),
    seconds: trace.process?.seconds ?? 0,
  }));
  const verdict = { ...judgement, caveats: [], seconds, runs };
  await writeWhole(folder, 'verdict.json', `${JSON.stringify(verdict, null, 2)}\n`);
  return within(root, folder);
}
