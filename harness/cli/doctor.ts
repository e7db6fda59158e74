/**
 * `resumeproof doctor`: reports each backend's device, how to fix what is missing, and which kernels are wrong; and
 * whether processes start from a snapshot.
 */
import { Command, Option } from 'commander';
import pLimit from 'p-limit';
import { type BackendReport, inspectBackend } from '../backend/inspect.ts';
import { BACKENDS, type BackendName } from '../backend/names.ts';
import { nodeArguments } from '../run/snapshot/arguments.ts';
import { currentSnapshot, type Snapshot } from '../run/snapshot/snapshot.ts';
import { isBroken, type KernelCheck, OUTCOMES } from '../verify/kernel-check.ts';
import { describe } from '../verify/sentence.ts';
import { type Verification, verifyBackend } from '../verify/verify.ts';
import { EXIT, onInterrupt, say } from './exit.ts';
import { jsonOption } from './options.ts';
import { print, printJson } from './print.ts';
import { formatTable } from './table.ts';

interface DoctorOptions {
  readonly backend: readonly BackendName[];
  readonly verify: boolean;
  readonly json: boolean;
}

interface Found extends BackendReport {
  /** With `--verify`, of a usable backend. */
  readonly verification?: Verification;
}

/** Concurrent processes; each keeps a core busy. */
const AT_A_TIME = 2;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Opens each backend in its own process, trains one step on it and reports what it found.')
    .addOption(
      new Option('--backend <name...>', 'backends to check').choices(BACKENDS).default(BACKENDS, 'all'),
    )
    .option(
      '--verify',
      'check every kernel that training uses, forward and gradient, against a float64 reference; exit with 1 if any is wrong',
      false,
    )
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  resumeproof doctor --verify --backend wasm')
    .action(async ({ backend, verify, json }: DoctorOptions) => {
      const chosen = BACKENDS.filter((name) => backend.includes(name));
      const reports: Found[] = await Promise.all(chosen.map((name) => inspectBackend(name)));
      const snapshot = await currentSnapshot();
      const signal = verify ? onInterrupt() : undefined;
      const backends = signal === undefined ? reports : await verified(reports, signal);
      if (json) {
        const platform = `${process.platform} ${process.arch}`;
        printJson({ node: process.version, platform, snapshot, backends });
      } else {
        printReports(backends);
        print(`\n${describeSnapshot(snapshot)}\n`);
      }
      process.exitCode = signal?.aborted ? EXIT.interrupted : exitCodeOf(backends);
    });
}

const describeSnapshot = (snapshot: Snapshot): string =>
  'problem' in snapshot
    ? `Processes start without a snapshot, which takes each about 0.1 s longer: ${snapshot.problem}`
    : `Processes start from a snapshot of ${(snapshot.bytes / 1e6).toFixed(0)} MB.`;

async function verified(reports: readonly Found[], signal: AbortSignal): Promise<Found[]> {
  const limit = pLimit(AT_A_TIME);
  return limit.map(reports, async (report) => {
    if (!report.usable || signal.aborted) return report;
    say(`verifying the kernels of ${report.name} …`);
    const verification = await verifyBackend(
      { backend: report.name, kernels: null },
      { signal, onCase: progress(report.name), nodeArguments },
    );
    say(
      `${report.name}: ${verification.problem ?? `${verification.cases} cases`} in ${verification.seconds.toFixed(1)} s`,
    );
    return { ...report, verification };
  });
}

/** Prints a line for each quarter: the slowest backend takes half a minute. */
const progress =
  (name: string) =>
  (title: string, index: number, of: number): void => {
    if (index % Math.ceil(of / 4) === 0) say(`${name}: case ${index} of ${of}, ${title}`);
  };

function exitCodeOf(backends: readonly Found[]): number {
  if (!backends.some(({ usable }) => usable)) return EXIT.environment;
  const failed = backends.some(
    ({ verification }) =>
      verification && (verification.problem !== null || verification.checks.some(isBroken)),
  );
  return failed ? EXIT.failed : EXIT.passed;
}

function printReports(backends: readonly Found[]): void {
  const rows = backends.map(({ name, usable, hardware, device, driver, milliseconds }) => {
    const found = [device, driver].filter((part) => part !== null).join('; ') || '–';
    return [name, usable ? 'yes' : 'no', hardware ? 'yes' : 'no', found, usable ? `${milliseconds} ms` : '–'];
  });
  print(`${formatTable(['Backend', 'Usable', 'Hardware GPU', 'Device and driver', 'Start'], rows)}\n`);
  for (const { name, problem, fix } of backends) {
    if (problem !== null) print(`\n${name}: ${problem}${fix === null ? '' : `\n  to fix it: ${fix}`}\n`);
  }
  printVerifications(backends);
}

const HEADS: Record<KernelCheck['outcome'], string> = {
  exact: 'exact',
  rounding: 'rounding',
  specification: 'in spec',
  wrong: 'WRONG',
  unverified: 'not verified',
  missing: 'missing',
  failed: 'FAILED',
};

/** The outcomes to list, in this order, with their meanings. */
const LISTED: readonly [KernelCheck['outcome'], string][] = [
  ['wrong', 'wrong: the error is larger than rounding explains and the specification allows'],
  ['failed', 'failed'],
  ['specification', 'in spec: less precise than rounding explains, but the backend’s language allows it'],
  ['missing', 'missing: a scenario that needs one of these is skipped or fails'],
  ['unverified', 'not verified'],
];

function printVerifications(backends: readonly Found[]): void {
  const done = backends.flatMap(({ name, verification }) =>
    verification ? [{ name, ...verification }] : [],
  );
  if (done.length === 0) return;
  const rows = done.map(({ name, cases, checks, seconds }) => {
    const counts = OUTCOMES.map((outcome) => checks.filter((check) => check.outcome === outcome).length);
    return [name, cases, ...counts.map((count) => count || '–'), `${seconds.toFixed(1)} s`];
  });
  const head = ['Kernels of', 'cases', ...OUTCOMES.map((outcome) => HEADS[outcome]), 'Time'];
  print(`\n${formatTable(head, rows)}\n`);
  for (const { name, problem, checks } of done) {
    if (problem !== null) print(`\n${name} could not be verified: ${problem}\n`);
    for (const [outcome, meaning] of LISTED) {
      const those = checks.filter((check) => check.outcome === outcome);
      if (those.length === 0) continue;
      const lines =
        outcome === 'missing' ? [those.map(({ kernel }) => kernel).join(', ')] : those.map(describe);
      print(`\n${name}, ${meaning}:\n${lines.map((line) => `  ${line}\n`).join('')}`);
    }
  }
}
