/**
 * Checks everything on a machine with a hardware GPU in one command:
 *   npm run check:gpu -- [--out DIR] [--minutes N] [--backend NAME] [--software]
 *   sh resumeproof-bundle.sh check-gpu --out DIR --minutes 8
 * The parts run in order of importance and share the minutes. Results are written after each part, so an
 * interrupted check keeps them. `--software` also accepts a software GPU, to try the check itself. Exit codes:
 * 0 if the gate passed and nothing is wrong, 1 if not, 2 for wrong usage, 3 without a hardware GPU, 130 if
 * interrupted.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, freemem, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { oneLine } from '../harness/backend/error.ts';
import { type BackendReport, inspectBackends } from '../harness/backend/inspect.ts';
import { EXIT, onInterrupt } from '../harness/cli/exit.ts';
import { isMisjudged } from '../harness/judge/matrix/matrix.ts';
import { writeWhole } from '../harness/report/files.ts';
import { ownHistory } from '../harness/run/asked-plan.ts';
import { selectFaults } from '../harness/run/faults.ts';
import { runGate } from '../harness/run/gate.ts';
import { inspectScenarios } from '../harness/run/inspect.ts';
import { runMutants } from '../harness/run/mutants.ts';
import { findScenarios, type LoadedScenario } from '../harness/run/scenario.ts';
import { isBroken } from '../harness/verify/kernel-check.ts';
import { verifyBackend } from '../harness/verify/verify.ts';
import { measureSteps } from './bench/process.ts';
import { measureStart } from './bench/start.ts';
import type { ProbeCost } from './bench/steps.ts';
import {
  CHECK_FORMAT,
  type CheckResult,
  type GateFound,
  hasPassed,
  type KernelsFound,
  type MatrixFound,
  type NotRun,
  pageOf,
  partsNotRun,
} from './check-gpu/result.ts';

const root = path.dirname(import.meta.dirname);
/** A generous upper bound of the memory of a process with Dawn and libvips. */
const MEMORY_OF_A_PROCESS = 2 ** 30;
/** Reserved for writing results and ending processes. */
const SPARE_SECONDS = 10;
/** When each part must end, as a share of the time. Time that a part leaves goes to the next. */
const UNTIL = { gate: 0.65, kernels: 0.7, measured: 0.85, matrix: 1 };
/**
 * More processes do not speed up one GPU. For a step with 1,329 kernels, an H200 made 7 steps per second with one
 * process, 15 with four, 13 with eight and 11 with sixteen; only process start-up still gains from more.
 */
const PROCESSES_ON_A_GPU = 8;
/** Most faults apply to these few. Running every healthy scenario again would take as long as the gate. */
const MATRIX = ['small-backward-pass', 'accumulation-each-phase', 'stochastic-layers'];

const say = (line: string): unknown => process.stderr.write(`check-gpu: ${line}\n`);

interface Options {
  readonly out: string;
  readonly minutes: number;
  readonly backend: string;
  readonly software: boolean;
}

/** Shared by the gate and the matrix. */
interface Ground {
  readonly backend: string;
  readonly requireGpu: boolean;
  readonly scenarios: readonly LoadedScenario[];
  /** A folder for reports, removed at the end. */
  readonly work: string;
}

/** Runs a part until its time is up. Never throws: a part that fails returns the reason. */
type Part = <T>(name: string, share: number, run: (signal: AbortSignal) => Promise<T>) => Promise<T | NotRun>;

function timetable(minutes: number, interrupted: AbortSignal): Part {
  const start = performance.now();
  const whole = (minutes * 60 - SPARE_SECONDS) * 1000;
  return async (name, share, run) => {
    const left = start + whole * share - performance.now();
    if (interrupted.aborted) return { notRun: 'the check was interrupted' };
    if (left <= 0) return { notRun: 'there was no time left' };
    say(`${name}, at most ${Math.round(left / 1000)} s …`);
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), left);
    try {
      return await run(AbortSignal.any([interrupted, over.signal]));
    } catch (error) {
      say(`${name}: ${oneLine(error)}`);
      return { notRun: oneLine(error) };
    } finally {
      clearTimeout(timer);
    }
  };
}

async function check({ out, minutes, backend, software }: Options): Promise<number> {
  const interrupted = onInterrupt();
  const part = timetable(minutes, interrupted);
  const begun = performance.now();
  const startedAt = new Date().toISOString();
  const backends = await inspectBackends();
  for (const found of backends)
    say(`${found.name}: ${found.problem ?? [found.device, found.driver].filter(Boolean).join('; ')}`);
  const gpu = backends.find(
    ({ name, hardware, usable }) => name === backend && usable && (hardware || software),
  );
  if (gpu === undefined) {
    const fix = backends.find(({ name }) => name === backend)?.fix;
    say(`found no hardware GPU for ${backend}, so nothing was checked${fix ? `; to fix: ${fix}` : ''}`);
    return EXIT.environment;
  }
  await mkdir(out, { recursive: true });
  const waiting: NotRun = { notRun: 'the check ended before this part' };
  let result: CheckResult = {
    format: CHECK_FORMAT,
    version: (createRequire(import.meta.url)('../package.json') as { version: string }).version,
    startedAt,
    seconds: 0,
    machine: {
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
    },
    device: gpu.device!,
    driver: gpu.driver,
    backends,
    gate: waiting,
    kernels: waiting,
    probe: {},
    start: {},
    matrix: waiting,
  };
  const name = `${startedAt.slice(0, 10)}-${gpu.device!.replaceAll(/[^\w]+/g, '-').slice(0, 60)}`;
  const keep = async (found: Partial<CheckResult>): Promise<void> => {
    result = { ...result, ...found, seconds: (performance.now() - begun) / 1000 };
    await writeWhole(out, `${name}.json`, `${JSON.stringify(result, null, 2)}\n`);
    await writeWhole(out, `${name}.md`, pageOf(result));
  };
  const work = await mkdtemp(path.join(tmpdir(), 'resumeproof-check-'));
  try {
    const scenarios = await loadAll(!gpu.hardware);
    const ground: Ground = { backend, requireGpu: !software, scenarios, work };
    const gate = await part('the gate', UNTIL.gate, (signal) => gateOn(ground, signal, keep));
    await keep({ gate });
    await keep({ kernels: await part('kernels', UNTIL.kernels, (signal) => kernelsOf(backend, signal)) });
    for (const [what, size, rounds] of [
      ['transformer of 11 million parameters', 'large', 9],
      ['U-Net of 51 million parameters', 'unet', 5],
    ] as const) {
      const cost = await part(what, UNTIL.measured, (signal) =>
        measureSteps<ProbeCost>('probe', rounds, [backend, size], signal),
      );
      await keep({ probe: { ...result.probe, [what]: cost } });
    }
    for (const each of backendsToCompare(backends, backend)) {
      const cost = await part(`start and step on ${each}`, UNTIL.measured, () => measureStart(each, 3));
      await keep({ start: { ...result.start, [each]: cost } });
    }
    const matrix = await part('the kill matrix, a sample', UNTIL.matrix, (signal) =>
      matrixOn(ground, signal),
    );
    await keep({ matrix });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  for (const missing of partsNotRun(result)) say(`not run: ${missing}`);
  say(`${hasPassed(result) ? 'passed' : 'NOT PASSED'}; ${path.join(out, `${name}.md`)}`);
  if (interrupted.aborted) return EXIT.interrupted;
  return hasPassed(result) ? EXIT.passed : EXIT.failed;
}

/** The backend under check, and wasm as a reference that every machine has. */
function backendsToCompare(reports: readonly BackendReport[], backend: string): BackendReport['name'][] {
  return reports
    .filter(({ name, usable }) => usable && (name === backend || name === 'wasm'))
    .map(({ name }) => name);
}

/** Loads all scenarios of the project, with their short plans on a software GPU. */
async function loadAll(inSoftware: boolean): Promise<LoadedScenario[]> {
  const files = await findScenarios(path.join(root, 'scenarios'));
  const loaded = await inspectScenarios(files);
  return loaded.map((scenario) => ({ ...scenario, history: ownHistory(scenario, inSoftware) }));
}

const jobs = (): number =>
  Math.max(
    1,
    Math.min(availableParallelism(), PROCESSES_ON_A_GPU, Math.floor(freemem() / MEMORY_OF_A_PROCESS)),
  );

/** Saves the result at each verdict, because this is the longest and most important part. */
async function gateOn(
  { backend, requireGpu, scenarios, work }: Ground,
  signal: AbortSignal,
  keep: (found: Partial<CheckResult>) => Promise<void>,
): Promise<GateFound> {
  const start = performance.now();
  const processes = jobs();
  let found: GateFound = {
    passed: false,
    problem: 'It was cut off.',
    wanted: scenarios.length,
    seconds: 0,
    jobs: processes,
    verdicts: [],
  };
  let kept = Promise.resolve();
  const { gate } = await runGate(scenarios, {
    backend,
    requireGpu,
    images: undefined,
    folder: path.join(work, 'gate'),
    jobs: processes,
    fast: false,
    signal,
    replay: ({ name }) => `run ${name} --backend ${backend}`,
    onVerdict: ({ scenario, outcome, asExpected, headline, mismatch, caveats, noise, seconds }) => {
      say(`${asExpected ? '✓' : '✗'} ${scenario}: ${outcome}${asExpected ? '' : `: ${headline}`}`);
      const verdict = { scenario, outcome, asExpected, headline, mismatch, caveats, noise, seconds };
      found = {
        ...found,
        seconds: (performance.now() - start) / 1000,
        verdicts: [...found.verdicts, verdict],
      };
      const snapshot = found;
      kept = kept.then(() => keep({ gate: snapshot }));
    },
  });
  await kept;
  const verdicts = found.verdicts.toSorted((a, b) => (a.scenario < b.scenario ? -1 : 1));
  return { ...found, passed: gate.passed, problem: gate.problem, seconds: gate.seconds, verdicts };
}

async function kernelsOf(backend: string, signal: AbortSignal): Promise<KernelsFound> {
  const { problem, cases, seconds, checks } = await verifyBackend({ backend, kernels: null }, { signal });
  const outcomes: Record<string, number> = {};
  for (const { outcome } of checks) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  return { problem, cases, seconds, outcomes, amiss: checks.filter(isBroken) };
}

async function matrixOn(
  { backend, requireGpu, scenarios, work }: Ground,
  signal: AbortSignal,
): Promise<MatrixFound | NotRun> {
  const healthy = scenarios.filter(({ name }) => MATRIX.includes(name));
  const { matrix } = await runMutants(healthy, await selectFaults(undefined, []), {
    backend,
    requireGpu,
    images: undefined,
    folder: path.join(work, 'matrix'),
    jobs: jobs(),
    sample: 1,
    allApply: false,
    keep: false,
    signal,
    replay: ({ name }, fault) => `mutants ${name} --backend ${backend} --fault ${fault}`,
    onScenario: ({ scenario, outcome }) => say(`${scenario}: ${outcome}`),
    onCell: (fault, cell) => {
      if (isMisjudged(cell)) say(`✗ ${fault} in ${cell.scenario}: ${cell.outcome}, ${cell.why}`);
    },
  });
  const { passed, problem } = matrix;
  const { faults, caught, headlineRight, healthy: judged, falseAlarms, medianSteps, cells, seconds } = matrix;
  const alarms = matrix.scenarios.filter(({ falseAlarm }) => falseAlarm);
  if (cells.judged === 0 && alarms.length === 0) {
    const whys = matrix.matrix.flatMap((row) => row.cells.flatMap(({ why }) => why ?? []));
    return { notRun: `no cell was judged: ${signal.aborted ? 'the time ran out' : (whys[0] ?? problem)}` };
  }
  return {
    passed,
    problem,
    figures: { faults, caught, headlineRight, healthy: judged, falseAlarms, medianSteps, cells, seconds },
    amiss: matrix.matrix.flatMap(({ fault, cells: row }) =>
      row
        .filter(isMisjudged)
        .map(({ scenario, why, headline }) => ({ fault: fault.id, scenario, why, headline })),
    ),
    alarms: alarms.map(({ scenario, headline }) => ({ scenario, headline })),
  };
}

function optionsOf(): Options | string {
  try {
    const { values } = parseArgs({
      options: {
        out: { type: 'string', default: path.join('reports', 'hardware') },
        minutes: { type: 'string', default: '30' },
        backend: { type: 'string', default: 'webgpu' },
        software: { type: 'boolean', default: false },
      },
    });
    const minutes = Number(values.minutes);
    if (!(minutes >= 0.5 && minutes <= 1440)) {
      return `expected 0.5 to 1440 for --minutes, received '${values.minutes}'`;
    }
    if (values.backend !== 'webgpu' && values.backend !== 'node-gpu') {
      return `expected webgpu or node-gpu for --backend, received '${values.backend}'`;
    }
    return { out: path.resolve(values.out), minutes, backend: values.backend, software: values.software };
  } catch (error) {
    return oneLine(error);
  }
}

const options = optionsOf();
if (typeof options === 'string') {
  say(options);
  process.exitCode = EXIT.usage;
} else process.exitCode = await check(options);
