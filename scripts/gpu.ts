/**
 * The whole check on a machine with a hardware GPU, in one command: `npm run check:gpu`. Sets node-gpu up with CUDA,
 * runs the gate on webgpu and on node-gpu with `--require-gpu`, verifies their kernels, measures, and writes what it
 * found to reports/hardware/DATE-DEVICE.json, which is meant to be committed. Exit code 0 if every gate passed on a
 * GPU, 1 if one did not, 3 where there is no hardware GPU.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { oneLine } from '../harness/backend/error.ts';
import { type BackendReport, probeBackends } from '../harness/backend/probe.ts';
import type { Verdict } from '../harness/judge/verdict.ts';

const root = path.dirname(import.meta.dirname);
const say = (line: string): unknown => process.stderr.write(`check:gpu: ${line}\n`);

interface Ran {
  readonly exitCode: number | null;
  readonly seconds: number;
  readonly stdout: string;
  /** Its last words, where it failed. */
  readonly problem: string | null;
}

/** Runs one of the project's commands; its progress is seen as it happens. */
async function run(script: string, ...args: string[]): Promise<Ran> {
  say([script, ...args].join(' '));
  const start = performance.now();
  const { exitCode, stdout, stderr } = await execa(process.execPath, ['scripts/start.mjs', script, ...args], {
    cwd: root,
    reject: false,
    stdin: 'ignore',
    stderr: ['pipe', 'inherit'],
    maxBuffer: 1e9,
  });
  const problem = exitCode === 0 ? null : oneLine(stderr.trim().split('\n').at(-1) ?? '');
  return { exitCode: exitCode ?? null, seconds: (performance.now() - start) / 1000, stdout, problem };
}

const jsonOf = ({ stdout }: Ran): unknown => (stdout.startsWith('{') ? JSON.parse(stdout) : null);

/** The gate with `--require-gpu`, without what only its own report needs. */
async function gateOn(backend: string): Promise<Record<string, unknown>> {
  const ran = await run('harness/cli/main.ts', 'run', '--backend', backend, '--require-gpu', '--json');
  const gate = jsonOf(ran) as { verdicts: Verdict[] } | null;
  return {
    passed: ran.exitCode === 0,
    exitCode: ran.exitCode,
    problem: ran.problem,
    seconds: ran.seconds,
    verdicts: gate?.verdicts.map(({ scenario, outcome, asExpected, headline, noise, backend, seconds }) => ({
      scenario,
      outcome,
      asExpected,
      headline,
      noise,
      device: backend?.adapter ?? null,
      driver: backend?.driver ?? null,
      hardware: backend?.hardware ?? false,
      versions: backend?.versions ?? {},
      seconds,
    })),
  };
}

async function check(): Promise<number> {
  const noGpu = (found: readonly BackendReport[]): number => {
    const why = found.map(({ name, problem, device }) => `${name}: ${problem ?? device}`).join('; ');
    say(`there is no hardware GPU here, so nothing was checked (${why})`);
    return 3;
  };
  const before = await probeBackends();
  if (!existsSync('/dev/nvidiactl') && !before.some(({ hardware }) => hardware)) return noGpu(before);
  const setup = await run('scripts/node-gpu/setup.ts', '--cuda');
  if (setup.exitCode !== 0) say(`node-gpu goes unchecked on CUDA: ${setup.problem}`);
  const backends = await probeBackends();
  const device = backends.find(({ hardware, usable }) => hardware && usable)?.device;
  if (device == null) return noGpu(backends);
  const started = new Date();
  const gates: Record<string, { passed?: unknown }> = {};
  for (const backend of ['webgpu', 'node-gpu']) gates[backend] = await gateOn(backend);
  const results = {
    startedAt: started.toISOString(),
    device,
    backends,
    setup: { exitCode: setup.exitCode, problem: setup.problem },
    gates,
    kernels: jsonOf(await run('harness/cli/main.ts', 'doctor', '--verify', '--json')),
    bench: jsonOf(await run('scripts/bench.ts', 'probe', 'backends', 'unet', '--json')),
  };
  const folder = path.join(root, 'reports', 'hardware');
  const slug = device.replaceAll(/[^\w]+/g, '-').slice(0, 60);
  const file = path.join(folder, `${started.toISOString().slice(0, 10)}-${slug}.json`);
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
  say(`what was found is in ${path.relative(root, file)}`);
  return Object.values(gates).every(({ passed }) => passed === true) ? 0 : 1;
}

process.exitCode = await check();
