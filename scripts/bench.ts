/**
 * Measures what resumeproof costs, side by side with a baseline:
 *   npm run bench -- [probe] [short] [backends] [unet] [fused] [checkpoint] [judge] [gate] [mutants] [fuzz] [healthy]
 *     [queue] [damages] [hostile] [pytorch] [report]
 * All sections run by default. `--quick` measures fewer rounds and samples the mutants, `--least` only shows that
 * each section runs, `--json` prints everything measured. No figure passes or fails; exit code 1 means that
 * something could not be measured.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { type BackendReport, inspectBackends } from '../harness/backend/inspect.ts';
import type { BackendName } from '../harness/backend/names.ts';
import { benchCheckpoint } from '../harness/checkpoint/checkpoint.bench.ts';
import { TABLE } from '../harness/cli/table.ts';
import { python } from '../harness/cli/testing/python.ts';
import { surveyDamages } from '../harness/judge/testing/survey.ts';
import { hasRedis } from '../harness/queue/testing/redis.ts';
import { type Figure, median, megabytes, milliseconds, noise, times } from './bench/figures.ts';
import { type FuzzCost, measureFuzz } from './bench/fuzz.ts';
import { type GateCost, measureGate } from './bench/gate.ts';
import type { HealthyCost } from './bench/healthy.ts';
import type { HostileCost, Reader } from './bench/hostile.ts';
import { STATES, TENSORS, TRACES, writeContents } from './bench/hostile-files.ts';
import type { JudgeCost } from './bench/judge.ts';
import { measureMutants } from './bench/mutants.ts';
import { inProcess, measureSteps } from './bench/process.ts';
import { measurePytorch } from './bench/pytorch.ts';
import { isBound, measureQueue, measureWaiting } from './bench/queue.ts';
import { measureReport, type ReportCost, type ReportSize } from './bench/report.ts';
import { measureShort } from './bench/short.ts';
import { measureStart, type StartCost } from './bench/start.ts';
import type { FusedCost, ProbeCost } from './bench/steps.ts';
import { CASES, writeTraces } from './bench/traces.ts';
import { BATCH, MODES, type Size } from './bench/trainer.ts';
import { withGate } from './lib/gate.ts';

/** Scenarios as the project's own gate has them. */
const GATE: ReportSize = { scenarios: 48, parameters: 20, steps: 24 };

/** How much each section measures: rounds, steps and parameters of the judged runs, arguments of commands. */
const EFFORTS = {
  full: {
    probe: 15,
    short: 15,
    unet: 9,
    start: 9,
    fused: 12,
    checkpoint: 7,
    judge: { steps: 10_000, parameters: 500 },
    gate: [],
    mutants: ['--all-apply'],
    fuzz: 120,
    queue: { mutants: ['accumulation', 'frozen-layers', 'several-resumes'], rounds: 3 },
    healthy: 1000,
    damages: 20_000,
    hostile: 1e8,
    pytorch: [],
    report: [GATE, { scenarios: 480, parameters: 200, steps: 1000 }],
    slowBackends: true,
  },
  quick: {
    probe: 5,
    short: 5,
    unet: 3,
    start: 3,
    fused: 4,
    checkpoint: 3,
    judge: { steps: 1000, parameters: 500 },
    gate: [],
    mutants: ['--all-apply', '--sample', '1'],
    fuzz: 30,
    queue: { mutants: ['accumulation', 'frozen-layers'], rounds: 1 },
    healthy: 100,
    damages: 4000,
    hostile: 1e7,
    pytorch: ['healthy', 'optimizer_not_restored', 'fused_stale_group', 'scaler_lost', 'shuffle_replayed'],
    report: [GATE, { scenarios: 48, parameters: 200, steps: 1000 }],
    slowBackends: true,
  },
  least: {
    probe: 1,
    short: 1,
    unet: 1,
    start: 1,
    fused: 1,
    checkpoint: 1,
    judge: { steps: 20, parameters: 5 },
    gate: ['frozen-layers'],
    mutants: ['frozen-layers', '--fault', 'weights-*', '--sample', '1'],
    fuzz: 2,
    queue: { mutants: ['frozen-layers', '--fault', 'weights-*'], rounds: 1 },
    healthy: 2,
    damages: 20,
    hostile: 1e4,
    pytorch: ['healthy'],
    report: [{ scenarios: 2, parameters: 5, steps: 20 }],
    slowBackends: false,
  },
} satisfies Record<string, Effort>;

interface Effort {
  readonly probe: number;
  readonly short: number;
  readonly unet: number;
  readonly start: number;
  readonly fused: number;
  readonly checkpoint: number;
  readonly judge: { readonly steps: number; readonly parameters: number };
  readonly gate: readonly string[];
  readonly mutants: readonly string[];
  /** Histories of each scenario. */
  readonly fuzz: number;
  readonly queue: { readonly mutants: readonly string[]; readonly rounds: number };
  readonly healthy: number;
  readonly damages: number;
  /** Bytes of each file. */
  readonly hostile: number;
  /** Scripts; all if empty. */
  readonly pytorch: readonly string[];
  readonly report: readonly ReportSize[];
  /** Whether to measure backends on which a step takes seconds. */
  readonly slowBackends: boolean;
}

interface Section {
  readonly figures: readonly Figure[];
  readonly measured: unknown;
}

const SECTIONS: Record<string, (effort: Effort) => Promise<Section>> = {
  probe,
  short,
  backends,
  unet,
  fused,
  checkpoint,
  judge,
  gate,
  mutants,
  fuzz,
  queue,
  healthy,
  damages,
  hostile,
  pytorch,
  report,
};

async function bench(
  names: readonly string[],
  { effort, json }: { effort: keyof typeof EFFORTS; json: boolean },
): Promise<void> {
  const processor = `${cpus().length} × ${cpus()[0]?.model.trim()}`;
  const load = loadavg()[0]!;
  const measured: Record<string, unknown> = { processor, load, effort };
  const table = new Table({ ...TABLE, wordWrap: false, head: ['What', 'Figure', 'How'] });
  for (const name of names) {
    process.stderr.write(`measuring: ${name} …\n`);
    try {
      const section = await SECTIONS[name]!(EFFORTS[effort]);
      measured[name] = section.measured;
      table.push(...section.figures.map(({ what, value, how }) => [what, value, how]));
    } catch (error) {
      const problem = (error as Error).message.split('\n')[0]!;
      measured[name] = { problem };
      table.push([name, 'not measured', problem]);
      process.exitCode = 1;
    }
  }
  const text = `${table.toString()}\n\nOn ${processor}, with a load of ${load.toFixed(1)} at the start.`;
  process.stdout.write(`${json ? JSON.stringify(measured, null, 2) : text}\n`);
}

async function report({ report: sizes }: Effort): Promise<Section> {
  const measured: Record<string, ReportCost> = {};
  const figures: Figure[] = [];
  for (const size of sizes) {
    const { scenarios, parameters, steps } = size;
    const what = `${scenarios} scenarios × ${parameters} parameters × ${steps} steps`;
    const cost = await measureReport(size, sizes.length > 1 ? 5 : 1);
    measured[what] = cost;
    const { megabytes: bytes, nodes, paint, opening, writing, memory } = cost;
    figures.push(
      {
        what: `report, ${what}: size`,
        value: `${bytes.toFixed(2)} MB`,
        how: 'one scenario in ten refuted, 5 images each',
      },
      {
        what: 'first screen',
        value: `${nodes} elements, ${paint.toFixed(0)} ms`,
        how: 'elements, first paint in Chromium',
      },
      { what: 'opening a scenario', value: `${opening.toFixed(0)} ms`, how: 'click to heat map' },
      {
        what: 'writing',
        value: `${writing.toFixed(1)} s, ${memory.toFixed(0)} MB`,
        how: 'gathering and writing; growth of the process',
      },
    );
  }
  return { figures, measured };
}

/** Without kernels compiled to machine code, a step of the large model takes a minute. */
function isSlow({ name, hardware }: BackendReport): boolean {
  return name === 'cpu' || (name === 'webgpu' && !hardware);
}

const measuredBackends = async ({ slowBackends }: Effort): Promise<BackendReport[]> =>
  (await inspectBackends()).filter((report) => slowBackends || !isSlow(report));

/** A probed step compared with a bare one of the same trainer, on every backend. */
async function probe(effort: Effort): Promise<Section> {
  return onEach(
    await measuredBackends(effort),
    'a probed step ÷ a bare one',
    (report) =>
      measureSteps<ProbeCost>('probe', effort.probe, [report.name, isSlow(report) ? 'small' : 'large']),
    probedFigures,
  );
}

/** The same for a U-Net of 51 million parameters, on hardware GPUs and on node-gpu even without a GPU. */
async function unet(effort: Effort): Promise<Section> {
  const size: Size = 'unet';
  const reports = await inspectBackends();
  return onEach(
    reports.filter(({ name, hardware }) => hardware || name === 'node-gpu'),
    'a probed step ÷ a bare one, U-Net',
    ({ name }) => measureSteps<ProbeCost>('probe', effort.unet, [name, size]),
    probedFigures,
  );
}

function probedFigures(what: string, { step, parameters, device }: ProbeCost): Figure[] {
  const how =
    `${milliseconds(step.second)} ÷ ${milliseconds(step.first)}, ${noise(step)}; ` +
    `${(parameters / 1e6).toFixed(2)} M parameters, batch ${BATCH}, ${device}`;
  return [{ what, value: times(step.ratio), how }];
}

/** The image scenario on every backend: a step compared with wasm's, and what the harness adds to start-up. */
async function backends(effort: Effort): Promise<Section> {
  let wasm: number | undefined;
  // wasm comes first: the others are compared with it.
  const reports = (await measuredBackends(effort)).toSorted(
    (a, b) => Number(b.name === 'wasm') - Number(a.name === 'wasm'),
  );
  return onEach(
    reports,
    'the image scenario',
    (report) => measureStart(report.name, isSlow(report) ? 3 : effort.start),
    (what, { bare, harness, added, step }: StartCost) => {
      wasm ??= step;
      return [
        {
          what: `${what}: a step ÷ wasm’s`,
          value: times(step / wasm),
          how: `${milliseconds(step)} ÷ ${milliseconds(wasm)}`,
        },
        {
          what: '  added by the harness until the first step',
          value: milliseconds(added),
          how: `${milliseconds(harness)} − ${milliseconds(bare)} from process start`,
        },
      ];
    },
  );
}

/** What a short process costs besides its training. */
async function short(effort: Effort): Promise<Section> {
  const cost = await measureShort(effort.short);
  const { node, without, snapshot } = cost;
  return {
    figures: [
      {
        what: 'CPU of a short process, wasm: from the snapshot ÷ without',
        value: times(snapshot / without),
        how: `${milliseconds(snapshot)} ÷ ${milliseconds(without)}; four steps of a small network; Node alone ${milliseconds(node)}`,
      },
    ],
    measured: cost,
  };
}

/** Measures on each backend; an unusable backend is listed with the reason. */
async function onEach<T>(
  reports: readonly BackendReport[],
  title: string,
  measure: (report: BackendReport) => Promise<T>,
  figuresOf: (what: string, cost: T) => Figure[],
): Promise<Section> {
  const figures: Figure[] = [];
  const measured: Partial<Record<BackendName, T | { skipped: string }>> = {};
  for (const report of reports) {
    const what = `${title}, ${report.name}`;
    if (!report.usable) {
      measured[report.name] = { skipped: report.problem! };
      figures.push({ what, value: 'skipped', how: report.problem! });
      continue;
    }
    const cost = await measure(report);
    measured[report.name] = cost;
    figures.push(...figuresOf(what, cost));
  }
  return { figures, measured };
}

/** A fused step compared with its unfused twin, which does the same arithmetic after the backward pass. */
async function fused(effort: Effort): Promise<Section> {
  const figures: Figure[] = [];
  const measured: Record<string, FusedCost> = {};
  for (const mode of MODES) {
    const cost = await measureSteps<FusedCost>('fused', effort.fused, [mode]);
    const { step, unfusedBytes, fusedBytes, parameters } = cost;
    measured[mode] = cost;
    figures.push(
      {
        what: `a step with ${mode.replaceAll('-', ' ')} ÷ unfused, wasm`,
        value: times(step.ratio),
        how:
          `${milliseconds(step.second)} ÷ ${milliseconds(step.first)}, ${noise(step)}; ` +
          `${(parameters / 1e6).toFixed(2)} M parameters, batch ${BATCH}`,
      },
      {
        what: '  its peak memory ÷ unfused',
        value: times(fusedBytes / unfusedBytes),
        how: `${megabytes(fusedBytes)} ÷ ${megabytes(unfusedBytes)} beyond weights and slots`,
      },
    );
  }
  return { figures, measured };
}

/** Saving and loading a checkpoint compared with plain writing and reading of the same bytes. */
async function checkpoint(effort: Effort): Promise<Section> {
  const measured = await benchCheckpoint(undefined, effort.checkpoint);
  const { bytes, saveMBps, loadMBps, copyMBps, readMBps } = measured;
  return {
    figures: [
      {
        what: 'saving a checkpoint ÷ a plain copy, in time',
        value: times(copyMBps / saveMBps),
        how: `${saveMBps} MB/s against ${copyMBps} MB/s, ${megabytes(bytes)}`,
      },
      {
        what: 'loading and verifying it ÷ plain reading, in time',
        value: times(readMBps / loadMBps),
        how: `${loadMBps} MB/s against ${readMBps} MB/s`,
      },
    ],
    measured,
  };
}

/** Reading and judging the traces of a long run that is resumed in the middle. */
async function judge(effort: Effort): Promise<Section> {
  const { steps, parameters } = effort.judge;
  const plan = { steps, resumeAt: [steps / 2] };
  const figures: Figure[] = [];
  const measured: Record<string, JudgeCost> = {};
  for (const which of CASES) {
    const folder = await mkdtemp(path.join(tmpdir(), 'resumeproof-bench-'));
    try {
      const runs = await writeTraces(folder, which, plan, parameters);
      const cost = await inProcess<JudgeCost>('judge', [folder, JSON.stringify(plan), ...runs]);
      measured[which] = cost;
      const { judging, processor, reading, bytes, peak, start, outcome } = cost;
      figures.push(
        {
          what: `judging a ${which} run`,
          value: `${judging.toFixed(2)} s`,
          how: `${outcome}; ${processor.toFixed(2)} s of CPU time; ${runs.length} traces, ${plan.steps} steps × ${parameters} parameters`,
        },
        {
          what: '  reading its traces',
          value: `${reading.toFixed(1)} s`,
          how: `${megabytes(bytes)}, ${(bytes / 1e6 / reading).toFixed(0)} MB/s`,
        },
        {
          what: '  peak memory',
          value: megabytes(peak - start),
          how: `${megabytes(peak)} minus ${megabytes(start)} before reading`,
        },
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  return { figures, measured };
}

/** What is said of PyTorch scripts with a bug, and of the same without it. */
async function pytorch(effort: Effort): Promise<Section> {
  const what = 'PyTorch scripts';
  if (python === undefined) {
    const skipped = 'no Python with torch: npm run setup:pytorch';
    return { figures: [{ what, value: 'skipped', how: skipped }], measured: { skipped } };
  }
  const cost = await measurePytorch(python, effort.pytorch);
  const { bugs, caught, right, healthy, proven, seconds, others } = cost;
  const figures: Figure[] = [
    {
      what: `${what} with a bug: caught`,
      value: `${caught} of ${bugs}`,
      how: `${seconds.toFixed(0)} s in all`,
    },
    {
      what: '  the headline says what it must',
      value: `${right} of ${bugs}`,
      how: 'fixtures/pytorch/cases.json',
    },
    { what: `${what} without: proven`, value: `${proven} of ${healthy}`, how: 'the same with --fixed' },
    ...Object.entries(others).map(([name, says]) => ({
      what: `  ${name}`,
      value: '',
      how: says.slice(0, 160),
    })),
  ];
  return { figures, measured: cost };
}

async function gate(effort: Effort): Promise<Section> {
  const cost: GateCost = await measureGate(effort.gate);
  const { count, startup, ...others } = cost.processes;
  const parts = { 'start-up': startup, ...others };
  const whole = Object.values(parts).reduce((sum, seconds) => sum + seconds, 0);
  const seconds = (value: number): string => `${value.toFixed(1)} s`;
  return {
    figures: [
      {
        what: 'npm run gate, wasm',
        value: seconds(cost.seconds),
        how: `${cost.scenarios} scenarios, ${count} processes${cost.passed ? '' : '; NOT PASSED'}`,
      },
      ...Object.entries(parts).map(([part, value]) => ({
        what: `  ${part}`,
        value: `${((100 * value) / whole).toFixed(1)} %`,
        how: `${seconds(value)} of ${seconds(whole)} in all processes`,
      })),
      { what: '  judging', value: seconds(cost.judging), how: 'reading the traces included' },
      { what: '  report', value: seconds(cost.report), how: 'page, JUnit and JSON' },
    ],
    measured: cost,
  };
}

/** The traces of every proven scenario, with one thing damaged in each draw. */
async function damages(effort: Effort): Promise<Section> {
  const seed = 1;
  const survey = await withGate([...effort.gate, '--backend', 'wasm'], ({ folder }) =>
    surveyDamages(folder, effort.damages, seed),
  );
  const { scenarios, damages, harmless, proven, thrown, seconds } = survey;
  return {
    figures: [
      {
        what: 'damaged runs that are proven',
        value: `${proven.length} of ${damages}`,
        how: `${proven[0] ?? `${harmless} others are known to be harmless`}; ${scenarios} scenarios, wasm, seed ${seed}`,
      },
      {
        what: '  on which the judge threw',
        value: String(thrown.length),
        how: thrown[0] ?? `${((1000 * seconds) / damages).toFixed(1)} ms each`,
      },
    ],
    measured: survey,
  };
}

async function mutants(effort: Effort): Promise<Section> {
  const matrix = await measureMutants(effort.mutants);
  const { faults, caught, headlineRight, healthy, falseAlarms, medianSteps, cells, problem } = matrix;
  const where = `${cells.judged} cells, ${cells.equivalent} equivalent${matrix.sample === null ? '' : '; a sample'}`;
  return {
    figures: [
      { what: 'faults caught, wasm', value: `${caught} of ${faults}`, how: `in all of ${where}` },
      { what: '  correctly named', value: `${headlineRight} of ${faults}`, how: problem ?? 'in every cell' },
      {
        what: '  steps after the resume until caught',
        value: String(medianSteps ?? 'none caught'),
        how: `median over ${cells.caught} cells; 0: before the first step`,
      },
      { what: '  false alarms', value: String(falseAlarms), how: `in ${healthy} healthy runs` },
      {
        what: '  the whole matrix',
        value: `${matrix.seconds.toFixed(0)} s`,
        how: `${matrix.scenarios.length} scenarios × ${matrix.matrix.length} faults`,
      },
    ],
    measured: { ...matrix, matrix: undefined, scenarios: undefined },
  };
}

/** Random histories of a small scenario, of the image model, and of a trainer that fails after one of 24 steps. */
async function fuzz(effort: Effort): Promise<Section> {
  const fixtures = ['--scenarios', 'fixtures/fuzz'];
  const runs = ['--runs', String(effort.fuzz)];
  const costs: Record<string, FuzzCost> = {};
  const figures: Figure[] = [];
  for (const [name, more] of [
    ['accumulation', []],
    ['hooks-after-resume-backward-pass', []],
    ['after-one-step', fixtures],
  ] as const) {
    const cost = await measureFuzz([name, ...more, ...runs]);
    const { histories, seconds, shrinking, proven, refuted, inconclusive, failures } = cost;
    costs[name] = cost;
    figures.push({
      what: `histories a minute, ${name}`,
      value: (((histories + shrinking) / seconds) * 60).toFixed(0),
      how: `${proven} proven, ${refuted} refuted, ${inconclusive} inconclusive, ${shrinking} to shrink, in ${seconds.toFixed(0)} s`,
    });
    for (const { rule, minimal, history } of failures)
      figures.push({
        what: `  the smallest with ${rule}`,
        value: minimal ? 'minimal' : 'not minimal',
        how: JSON.stringify(history),
      });
  }
  return { figures, measured: costs };
}

/** The same kill matrix through a queue, by one worker and by two. */
async function queue(effort: Effort): Promise<Section> {
  const what = 'two workers ÷ one, in throughput';
  if (!hasRedis) {
    const skipped = 'no redis-server: apt-get install -y redis-server';
    return { figures: [{ what, value: 'skipped', how: skipped }], measured: { skipped } };
  }
  const cost = await measureQueue(effort.queue.mutants, effort.queue.rounds);
  const waiting = await measureWaiting();
  const { one, two, cells, cores } = cost;
  const [slow, fast] = [median(one), median(two)];
  return {
    figures: [
      {
        what,
        value: times(slow / fast),
        how: `${slow.toFixed(1)} s ÷ ${fast.toFixed(1)} s, medians of ${one.length}; ${cells} cells, wasm, --jobs 1${isBound ? ', each worker on a core of its own' : ''}`,
      },
      {
        what: '  cores that one worker uses',
        value: cores.length === 0 ? 'not measured' : median(cores).toFixed(2),
        how: 'with its processes, over the whole run',
      },
      {
        what: '  two workers ÷ one if a case only waits',
        value: times(waiting),
        how: 'what the queue costs, whatever else runs on this machine',
      },
    ],
    measured: { ...cost, waiting },
  };
}

/** Random healthy trainers; none may be flagged. */
async function healthy(effort: Effort): Promise<Section> {
  const cost = await inProcess<HealthyCost>('healthy', [String(effort.healthy), '1']);
  const { trainers, seed, falseAlarms, open, seconds } = cost;
  const [first] = falseAlarms;
  return {
    figures: [
      {
        what: 'false alarms in random healthy trainers, wasm',
        value: String(falseAlarms.length),
        how:
          first === undefined
            ? `${trainers} trainers drawn with seed ${seed}, all runs in one process`
            : `of ${trainers}; ${first.findings[0]} ${JSON.stringify(first.trainer)}`,
      },
      {
        what: '  correctly inconclusive',
        value: String(open),
        how: 'the control does not move after the last resume',
      },
      {
        what: '  a trainer, run and judged',
        value: milliseconds((1000 * seconds) / trainers),
        how: `${seconds.toFixed(0)} s in all`,
      },
    ],
    measured: cost,
  };
}

/** Files that are made to take time and memory from whoever reads them. */
async function hostile(effort: Effort): Promise<Section> {
  const figures: Figure[] = [];
  const measured: Record<string, Record<string, HostileCost>> = {};
  const kinds: [Reader, string, typeof TRACES][] = [
    ['trace', 'a trace', TRACES],
    ['tensors', 'a safetensors header', TENSORS],
    ['state', 'a state.json', STATES],
  ];
  const folder = await mkdtemp(path.join(tmpdir(), 'resumeproof-bench-'));
  try {
    for (const [reader, what, files] of kinds) {
      const costs: Record<string, HostileCost> = {};
      for (const [name, contents] of Object.entries(files)) {
        const file = path.join(folder, 'hostile');
        writeContents(file, contents(effort.hostile));
        const cost = await inProcess<HostileCost>('hostile', [reader, file]);
        costs[name] = cost;
        figures.push({
          what: `reading ${what}: ${name}`,
          value: `${cost.processor.toFixed(1)} s of CPU, ${megabytes(cost.peak)}`,
          how: `${cost.seconds.toFixed(1)} s; ${megabytes(cost.bytes)}; ${(cost.says ?? 'taken').replaceAll(folder, '…').slice(0, 120)}`,
        });
      }
      measured[reader] = costs;
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return { figures, measured };
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    least: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const unknown = positionals.find((name) => !(name in SECTIONS));
if (unknown === undefined) {
  const effort = options.least ? 'least' : options.quick ? 'quick' : 'full';
  await bench(positionals.length > 0 ? positionals : Object.keys(SECTIONS), { effort, json: options.json });
} else {
  const names = Object.keys(SECTIONS).join(', ');
  process.stderr.write(`bench: expected ${names}, --quick, --least or --json, received '${unknown}'\n`);
  process.exitCode = 2;
}
