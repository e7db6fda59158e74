/**
 * Runs one process in one role: opens the backend, builds the trainer, steps it under the probe and writes the trace.
 * Only the checkpoint comes from another process.
 */
import path from 'node:path';
import { missingKernels, type OpenedBackend, openBackend, untilLost } from '../backend/backend.ts';
import { observeKernels } from '../backend/observe-kernels.ts';
import { createProbe, type SamplePoint } from '../probe/probe.ts';
import { hear, tell as tellParent } from '../processes/channel.ts';
import { describeSettings, lengthOf, settingsAt } from '../trace/history.ts';
import { isUninterrupted } from '../trace/roles.ts';
import { type SampleRecord, TRACE_FORMAT } from '../trace/schema.ts';
import { createTrace } from '../trace/write.ts';
import type { Scenario, Trainer } from '../training/trainer.ts';
import { bytesOf, changedFiles, digestsOf } from './checkpoint-files.ts';
import { asError, failureCode, NonFiniteLoss, SaveFailed } from './failure.ts';
import { importFault } from './fault.ts';
import {
  type Answer,
  type Applies,
  answerSchema,
  checkpointName,
  type Job,
  jobSchema,
  type Progress,
} from './job.ts';
import { killInSave } from './kill-in-save.ts';
import { whyMissing } from './missing-file.ts';
import { FRAMES, userStack } from './place.ts';
import { importScenario } from './scenario.ts';
import { createSettling, type Shown } from './settling.ts';

/** In how many steps after a resume all tensors are measured, to see where the runs part. */
const STEPS_IN_FULL = 4;

const isNearResume = (step: number, resumeAt: readonly number[]): boolean =>
  resumeAt.some((at) => step > at && step <= at + STEPS_IN_FULL);

const tell = (progress: Progress): void => tellParent(progress);

/** Asks whether to go on after this step, whose record is in the trace. */
async function ask(step: number): Promise<Answer> {
  tell({ kind: 'asks', step });
  return answerSchema.parse(await hear());
}

const buildOf = async (scenario: Scenario, fault: string | null): Promise<Scenario['trainer']> =>
  fault === null ? scenario.trainer : (await importFault(fault)).inject(scenario.trainer);

async function whichApply(trainer: Trainer, files: readonly string[]): Promise<Record<string, Applies>> {
  const answers: Record<string, Applies> = {};
  for (const file of files) {
    try {
      answers[file] = (await importFault(file)).applies(trainer);
    } catch (error) {
      answers[file] = asError(error).message;
    }
  }
  return answers;
}

async function runJob(job: Job): Promise<void> {
  const begun = performance.now();
  Error.stackTraceLimit = FRAMES;
  // Not sooner: NODE_OPTIONS may name modules relative to the folder that the command was started in.
  if (job.work !== null) process.chdir(job.work);
  const killing = job.inSave === null ? undefined : await killInSave();
  const scenario = await importScenario(job.file);
  const trace = createTrace(path.join(job.folder, 'trace.jsonl'));
  const first = job.from?.step ?? 0;
  let last = job.until;
  const { changes, saves, savesIn } = job;
  const { deviates = [], countsResumes } = scenario;
  const goesOn = isUninterrupted(job.role);
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
      id: job.id,
      horizon: job.horizon,
      ...(changes.length === 0 ? {} : { changes }),
      // It knows nothing of being killed.
      until: job.killed ? lengthOf(job.horizon, changes) : job.until,
      stepIs: 'micro-batch',
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
      tell({ kind: 'started', backend: name, deterministic, skip });
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
        changed: settingsAt(changes, first),
      }),
    );
    resuming = false;
    if (job.checkpoint !== null) {
      trace.write({
        kind: 'resumed',
        step: first,
        from: { process: job.from!.process, checkpoint: path.basename(job.checkpoint) },
      });
    }
    if (goesOn && deviates.length > 0 && trainer.deviate === undefined) {
      throw new Error(
        `the scenario declares deviates: ['${deviates.join("', '")}'], but its trainer has no deviate(kinds): implement it to do in an uninterrupted run what its resume does, or remove them from deviates`,
      );
    }
    if (goesOn && changes.length > 0 && trainer.change === undefined) {
      const { at, ...settings } = changes[0]!;
      throw new Error(
        `the run changes ${describeSettings(settings)} after step ${at}, but its trainer has no change(settings): implement it to do in an uninterrupted run what a process does that resumes with these settings, or remove changes from the plan`,
      );
    }
    const probe = createProbe(trainer, job.folder, trace.write);
    const startup = (performance.now() - begun) / 1000;
    tell({ kind: 'started', backend: name, deterministic });
    if (job.ask.length > 0) tell({ kind: 'applies', answers: await whichApply(trainer, job.ask) });
    const settling = job.settle ? createSettling() : undefined;
    let sampledAt: number | undefined;
    /** Records samples, and at most once in a step the state after them: sampling must not change the one before. */
    const sample = async (at: SamplePoint): Promise<readonly SampleRecord[]> => {
      const samples = await alive(probe.sample(at, step));
      if (trainer.sample !== undefined && sampledAt !== step) await alive(probe.state('sampled', step));
      sampledAt = step;
      return samples;
    };
    const show = async (at: 'pass' | 'deviated' | 'changed'): Promise<Shown> => {
      const state = await alive(probe.state(at, step));
      return { state, samples: await sample(at) };
    };
    const neverSamples = job.role === 'saver';
    /** Does in a run that goes on what a resume after this step does. Returns what it has shown last. */
    const asResumed = async (): Promise<Shown | undefined> => {
      let shown: Shown | undefined;
      if (deviates.length > 0 && job.plan.resumeAt.includes(step)) {
        await alive(trainer.deviate!(deviates));
        if (!neverSamples) shown = await show('deviated');
      }
      if (changes.some(({ at }) => at === step)) {
        await alive(trainer.change!(settingsAt(changes, step)));
        if (!neverSamples) shown = await show('changed');
      }
      return shown;
    };
    /** The checkpoints of a saver, which goes on after it has saved them. */
    const written = new Map<string, ReadonlyMap<string, string>>();
    const saveTo = (to: string): Promise<void> =>
      trainer.save(to).catch((error) => {
        throw new SaveFailed(error);
      });
    const save = async (): Promise<void> => {
      const to = path.join(savesIn!, checkpointName(step));
      await alive(probe.state('save', step));
      const start = performance.now();
      await alive(saveTo(to));
      const seconds = (performance.now() - start) / 1000;
      const bytes = await bytesOf(to);
      trace.write({ kind: 'saved', step, checkpoint: path.basename(to), seconds, bytes });
      tell({ kind: 'saved', step });
      if (!neverSamples) {
        await sample('save');
        return;
      }
      await alive(probe.state('saved', step));
      written.set(to, await digestsOf(to));
    };
    if (first === 0) {
      const start = await alive(probe.state('start', 0));
      settling?.begins(start);
    } else {
      await alive(probe.state('resume', first));
      await sample('resume');
      if (saves.includes(first)) await save();
    }
    for (step = first + 1; step <= last; step++) {
      const record = await alive(probe.step(step, isNearResume(step, job.plan.resumeAt)));
      let shown: Shown | undefined;
      tell({ kind: 'step', step });
      if (!Number.isFinite(record.claimed.loss)) {
        throw new NonFiniteLoss(`the loss is ${record.claimed.loss} at step ${step}`);
      }
      if (saves.includes(step)) await save();
      else if (job.passes.includes(step)) shown = await show('pass');
      if (goesOn) shown = (await asResumed()) ?? shown;
      if (shown !== undefined && job.plan.resumeAt.includes(step)) settling?.resumes(shown);
      const names = () => trainer.observe().parameters.map(({ name }) => name);
      const settled = settling?.steps(record, names()) && step < last && settling.looks(await show('pass'));
      if (settled && step > job.plan.resumeAt.at(-1)!) last = step;
      if (step === job.askAt) {
        await show('pass');
        if (!(await ask(step)).goOn) last = step;
      }
    }
    step = last;
    if (job.killed && last === job.until) {
      tell({ kind: 'ends' });
      if (job.inSave !== null) {
        const unfinished = path.join(savesIn!, checkpointName(last));
        await alive(killing!.killedAt(job.inSave, () => saveTo(unfinished)));
      }
      process.kill(process.pid, 'SIGKILL');
      // The signal may take a moment, in which nothing else may happen.
      await new Promise(() => {});
    }
    if (neverSamples || !saves.includes(last)) {
      await alive(probe.state('end', last));
      if (!neverSamples) await sample('end');
    }
    backend.assertStillActive();
    const seconds = { startup, ...probe.seconds };
    const rewritten = await changedFiles(written);
    trace.write({
      kind: 'end',
      step: last,
      seconds,
      kernels: [...kernels].sort(),
      ...(rewritten.length === 0 ? {} : { rewritten }),
    });
  } catch (thrown) {
    const error = asError(thrown);
    const code = failureCode(error, resuming);
    const message = `${whyMissing(error, job)}${error.message}`.slice(0, 4000);
    process.stderr.write(`${userStack(error)}\n`);
    process.exitCode = 1;
    // On a full disk this fails too. Then only the exit code tells of it.
    trace.write({ kind: 'failure', code, step, message });
  } finally {
    trace.close();
    await backend?.close();
  }
}

/** What the process of a job does: the job is its argument. */
export async function runOwnJob(): Promise<void> {
  await runJob(jobSchema.parse(JSON.parse(process.argv[2]!)));
  // Exit explicitly: a backend's threads would keep the process alive.
  process.exit();
}
