/**
 * Runs one process in one role: opens the backend, builds the trainer, steps it under the probe and writes the trace.
 * Only the checkpoint comes from another process.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { inspect } from 'node:util';
import {
  BackendError,
  missingKernels,
  type OpenedBackend,
  openBackend,
  untilLost,
} from '../backend/backend.ts';
import { observeKernels } from '../backend/observe-kernels.ts';
import { createProbe } from '../probe/probe.ts';
import { type FailureRecord, TRACE_FORMAT } from '../trace/schema.ts';
import { createTrace } from '../trace/write.ts';
import type { Scenario, Trainer } from '../training/trainer.ts';
import { loadFault } from './fault.ts';
import { type Answer, type Job, jobSchema, type Progress, stepsOf } from './job.ts';
import { loadScenario } from './scenario.ts';
import { createSettling, type Shown } from './settling.ts';

/** Does not use execa's sendMessage: loading execa's hundred files would take a tenth of a short process. */
const tell = (progress: Progress): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send!(progress, (error) => (error === null ? resolve() : reject(error)));
  });

/** Asks whether to go on after this step, whose record is in the trace. */
const ask = (step: number): Promise<Answer> =>
  new Promise((resolve, reject) => {
    process.once('message', (answer) => resolve(answer as Answer));
    tell({ kind: 'asks', step }).catch(reject);
  });

const buildOf = async (scenario: Scenario, fault: string | null): Promise<Scenario['trainer']> =>
  fault === null ? scenario.trainer : (await loadFault(fault)).inject(scenario.trainer);

/** A trainer may throw something that is not an error; keep its text. */
const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(typeof thrown === 'string' ? thrown : inspect(thrown));

async function whichApply(
  trainer: Trainer,
  files: readonly string[],
): Promise<Record<string, boolean | string>> {
  const answers: Record<string, boolean | string> = {};
  for (const file of files) {
    try {
      answers[file] = (await loadFault(file)).applies(trainer);
    } catch (error) {
      answers[file] = asError(error).message;
    }
  }
  return answers;
}

/** The size of a checkpoint, which is a file or a folder. */
async function bytesOf(checkpoint: string): Promise<number> {
  const own = await stat(checkpoint);
  if (own.isFile()) return own.size;
  const files = await readdir(checkpoint, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => stat(path.join(file.parentPath, file.name))),
  );
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

/** Labels a failure by the libraries' messages. The full message is kept. */
function failureCode(error: Error, resuming: boolean): FailureRecord['code'] {
  if (error instanceof BackendError) return 'backend-unavailable';
  if (error instanceof NonFiniteLoss) return 'non-finite';
  if (error instanceof SaveFailed) return 'save-failed';
  const { name, message } = error;
  if (resuming && name === 'CheckpointError') return 'resume-refused';
  return /out of memory|OOM|allocation failed|memory access out of bounds/i.test(message)
    ? 'out-of-memory'
    : 'error';
}

class NonFiniteLoss extends Error {}

/** The trainer threw while saving. */
class SaveFailed extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.stack = cause.stack ?? '';
  }
}

async function runJob(job: Job): Promise<void> {
  const begun = performance.now();
  const { scenario } = await loadScenario(job.scenario, job.file);
  const trace = createTrace(path.join(job.folder, 'trace.jsonl'));
  const [first, planned] = stepsOf(job);
  let last = planned;
  const { deviates = [], countsResumes } = scenario;
  const isControl = job.role === 'control' || job.role === 'twin';
  let step = first;
  let resuming = job.checkpoint !== null;
  let backend: OpenedBackend | undefined;
  try {
    backend = await openBackend(job.backend, { requireGpu: job.requireGpu });
    const alive = untilLost(backend);
    trace.write({
      kind: 'run',
      format: TRACE_FORMAT,
      scenario: job.scenario,
      role: job.role,
      segment: job.segment,
      plan: job.plan,
      seed: job.seed,
      lacks: [...(scenario.lacks ?? [])],
      ...(deviates.length === 0 ? {} : { deviates: [...deviates] }),
      ...(countsResumes === undefined ? {} : { countsResumes: [...countsResumes] }),
      backend: backend.record,
      process: {
        pid: process.pid,
        runtime: `Node ${process.version}`,
        platform: `${process.platform} ${process.arch}`,
      },
    });
    const kernels = new Set<string>();
    observeKernels(({ kernel }) => kernels.add(kernel));
    const { name, deterministic } = backend.record;
    const missing = missingKernels(name, scenario.kernels ?? []);
    if (missing.length > 0) {
      const skip = `${name} has no kernel ${missing.join(', ')}`;
      await tell({ kind: 'started', backend: name, deterministic, skip });
      return;
    }
    const build = await buildOf(scenario, job.fault);
    const trainer = await alive(
      build({
        role: job.role,
        seed: job.seed,
        plan: job.plan,
        images: job.images ?? undefined,
        checkpoint: job.checkpoint ?? undefined,
        weightsOnly: job.role === 'cold',
      }),
    );
    resuming = false;
    if (isControl && deviates.length > 0 && trainer.deviate === undefined) {
      throw new Error(
        `the scenario declares deviates: ['${deviates.join("', '")}'], but its trainer has no deviate(kinds): implement it to do in an uninterrupted run what its resume does, or remove them from deviates`,
      );
    }
    const probe = createProbe(trainer, job.folder, trace.write);
    const startup = (performance.now() - begun) / 1000;
    await tell({ kind: 'started', backend: name, deterministic });
    if (job.ask.length > 0) await tell({ kind: 'applies', answers: await whichApply(trainer, job.ask) });
    const settling = job.settle ? createSettling() : undefined;
    /** Records state and samples. */
    const show = async (at: 'pass' | 'deviated'): Promise<Shown> => {
      const samples = await alive(probe.sample(at, step));
      return { state: await alive(probe.state(at, step)), samples };
    };
    if (first === 0) {
      const start = await alive(probe.state('start', 0));
      settling?.begins(start);
    } else {
      await alive(probe.state('resume', first));
      await alive(probe.sample('resume', first));
    }
    for (step = first + 1; step <= last; step++) {
      const record = await alive(probe.step(step));
      await tell({ kind: 'step', step });
      if (!Number.isFinite(record.claimed.loss)) {
        throw new NonFiniteLoss(`the loss is ${record.claimed.loss} at step ${step}`);
      }
      if ((isControl || step !== last) && job.plan.resumeAt.includes(step)) {
        let shown = await show('pass');
        if (isControl && deviates.length > 0) {
          await alive(trainer.deviate!(deviates));
          shown = await show('deviated');
        }
        settling?.resumes(shown);
      }
      const names = () => trainer.observe().parameters.map(({ name }) => name);
      const settled = settling?.steps(record, names()) && step < last && settling.looks(await show('pass'));
      if (settled && step > job.plan.resumeAt.at(-1)!) last = step;
      if (step === job.askAt) {
        await show('pass');
        if (!(await ask(step)).goOn) last = step;
      }
    }
    step = last;
    const saveTo = last === planned ? job.saveTo : null;
    const at = saveTo === null ? 'end' : 'save';
    await alive(probe.sample(at, last));
    await alive(probe.state(at, last));
    if (saveTo !== null) {
      const start = performance.now();
      const saving = trainer.save(saveTo).catch((error) => {
        throw new SaveFailed(asError(error));
      });
      await alive(saving);
      const seconds = (performance.now() - start) / 1000;
      trace.write({ kind: 'checkpoint', step: last, seconds, bytes: await bytesOf(saveTo) });
    }
    backend.assertStillActive();
    const seconds = { startup, ...probe.seconds };
    trace.write({ kind: 'end', step: last, seconds, kernels: [...kernels].sort() });
  } catch (thrown) {
    const error = asError(thrown);
    const code = failureCode(error, resuming);
    const message = error.message.slice(0, 4000);
    trace.write({ kind: 'failure', code, step, message });
    process.stderr.write(`${error.stack ?? message}\n`);
    process.exitCode = 1;
  } finally {
    trace.close();
    await backend?.close();
  }
}

await runJob(jobSchema.parse(JSON.parse(process.argv[2]!)));
// Exit explicitly: a backend's threads would keep the process alive.
process.exit();
