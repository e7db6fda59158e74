/** Is there evidence at all? Nothing passes by default. */
import type { Observable, Trace, TracedStep } from '../../trace/schema.ts';
import { sameValues } from '../columns.ts';
import { type Evidence, stepsBetween, wantedBackend } from '../evidence.ts';
import type { Found, Rule } from '../rule.ts';
import { figure, listed, ofAll } from '../words.ts';

const nameOf = (trace: Trace): string => {
  // A process that died before its first record is known by its folder alone.
  if (trace.run === undefined) return trace.file.split(/[/\\]/).at(-2) ?? 'unknown';
  const { role, segment } = trace.run;
  return role === 'after' ? `after (resume ${segment})` : role;
};
const resumeOf = (trace: Trace): number => (trace.run?.role === 'after' ? trace.run.segment : 0);

const ENDED: Readonly<Record<string, string>> = {
  'step-timeout': 'since it made no step within its time limit',
  'run-timeout': 'since it did not end within its time limit',
  cancelled: 'since the run was interrupted',
};

/** Libraries break their messages into lines, of which the first alone may say nothing. */
const MESSAGE_LENGTH = 300;

function howItEnded({ failure, process }: Trace): string {
  if (failure !== undefined) {
    return `${failure.code} at step ${failure.step}: ${failure.message.replaceAll(/\s+/g, ' ').slice(0, MESSAGE_LENGTH)}`;
  }
  if (process?.outcome !== 'crashed') return `it was ended by the harness, ${ENDED[process!.outcome]}`;
  if (process.signal !== null) return `it was ended by ${process.signal}`;
  return process.exitCode === null
    ? `it could not be started: ${process.stderr.at(-1) ?? 'no reason was given'}`
    : `it was ended by exit code ${process.exitCode}`;
}

function whyItDied({ failure }: Trace): { cause: string; remedy: string } {
  // As TensorFlow.js puts it.
  const [, kernel, backend] =
    /Kernel '(\w+)' not registered for backend '(\w+)'/.exec(failure?.message ?? '') ?? [];
  if (kernel !== undefined) {
    return {
      cause: `the backend ${backend} cannot do what the program asks of it`,
      remedy: `run it on another backend; with kernels: ['${kernel}'] the scenario is skipped where there is none`,
    };
  }
  return {
    cause:
      failure?.code === 'resume-refused'
        ? 'the checkpoint was refused when it was loaded'
        : 'an error, a signal, a time limit or too little memory in the trained program',
    remedy: 'run the replay command and read the trace; raise the scenario’s limits if it was only slow',
  };
}

export const runDied: Rule = {
  id: 'run-died',
  proof: 'run',
  claim: 'Every process lives to its end.',
  reads: 'the failure that a process writes and how the system says that it ended',
  speaks: 'before the first step',
  judge: ({ traces }) =>
    traces.flatMap((trace): Found[] => {
      const { failure, process } = trace;
      if (failure === undefined && (process === undefined || process.outcome === 'exited')) return [];
      // These have a rule of their own.
      if (failure?.code === 'save-failed' || stoppedBeingFinite(trace)) return [];
      const tail = process?.stderr.slice(-5).join('\n') ?? '';
      const what = howItEnded(trace);
      const resumed = trace.run?.role === 'after';
      return [
        {
          sentence: `The ${nameOf(trace)} process died: ${what}.`,
          // The program's own error while resuming is a resume bug; a kill or a hang proves nothing.
          refutes: resumed && failure !== undefined && failure.code !== 'backend-unavailable',
          resume: resumeOf(trace),
          step: failure?.step ?? trace.steps.at(-1)?.step ?? null,
          expected: 'the process ends by itself with exit code 0',
          seen: tail === '' ? what : `${what}; its last lines: ${tail}`,
          ...whyItDied(trace),
        },
      ];
    }),
};

const isResumed = ({ run }: Trace): boolean => run?.role === 'after' || run?.role === 'cold';

/** Before any resume it is the training itself; after one the resume may be to blame. */
const stoppedBeingFinite = (trace: Trace): boolean =>
  trace.failure?.code === 'non-finite' && !isResumed(trace);

export const notFinite: Rule = {
  id: 'not-finite',
  proof: 'run',
  claim: 'Training that is not resumed stays finite: that NaN came back as NaN proves nothing.',
  reads: 'losses, norms and gradients of every process that does not resume',
  speaks: 'before the first step',
  judge: ({ traces }) => {
    const broken = ({ names, l2 }: TracedStep): string[] => names.filter((_, at) => !Number.isFinite(l2[at]));
    const firstOf = (trace: Trace) =>
      trace.steps.find((step) => !Number.isFinite(step.claimed.loss) || broken(step).length > 0);
    // The others of them do the same.
    const trace = traces.find(
      (one) => !isResumed(one) && (stoppedBeingFinite(one) || firstOf(one) !== undefined),
    );
    if (trace === undefined) return [];
    const first = firstOf(trace);
    const failure = stoppedBeingFinite(trace) ? trace.failure : undefined;
    const message = failure?.message.split('\n')[0] ?? '';
    const step = failure?.step ?? first?.step ?? 0;
    const subjects = first === undefined ? [] : broken(first);
    const gradients = subjects.map((name) => gradientOf(first!, name));
    if (first === undefined || subjects.length === 0 || !gradients.every((norm) => Number.isFinite(norm))) {
      const seen =
        subjects.length > 0
          ? `${listed(subjects)} with norms that are not finite`
          : `loss ${first?.claimed.loss ?? 'not told'}`;
      return [
        {
          sentence: `In the ${nameOf(trace)} run, training stopped being finite${message === '' ? ` at step ${step}` : `: ${message}`}.`,
          step,
          expected: 'finite parameters and losses in a run that was not resumed',
          seen: message || seen,
          cause:
            'the loss or its gradients overflowed or were undefined: the rate is too high, or the data hold what is not finite',
          remedy:
            'make the scenario train without any resume first: lower the rate, clip the gradients, check the data',
        },
      ];
    }
    return [
      {
        sentence: `In the ${nameOf(trace)} run, the update of step ${first.step} made ${ofAll(subjects.length, first.names.length, 'parameter')} not finite, from finite gradients: ${listed(subjects)}.`,
        subjects,
        total: first.names.length,
        step: first.step,
        expected: `'${subjects[0]}' stays finite: its gradient is, with L2 norm ${figure(gradients[0])}`,
        seen: `L2 norm ${figure(first.l2[first.names.indexOf(subjects[0]!)])} after the update; ${message || `the loss is still ${figure(trace.steps.at(-1)!.claimed.loss)} at step ${trace.steps.at(-1)!.step}`}`,
        cause:
          'the optimizer’s own formula gives no number for these gradients, as where it takes the root of a negative number or divides by zero',
        remedy: 'look at what the optimizer computes where a gradient is zero or tiny, or use another one',
      },
    ];
  },
};

const gradientOf = (step: TracedStep, name: string): number =>
  step.gradientL2[step.names.indexOf(name)] ?? Number.NaN;

export const saveFailed: Rule = {
  id: 'save-failed',
  proof: 'restored',
  claim: 'The state can be saved at each resume point.',
  reads: 'the failure that a process writes where saving throws',
  speaks: 'before the first step',
  judge: ({ traces }) =>
    traces.flatMap((trace): Found[] => {
      const { failure, process } = trace;
      if (failure?.code !== 'save-failed') return [];
      const message = failure.message.split('\n')[0]!.replace(/\.$/, '');
      const tail = process?.stderr.slice(-5).join('\n') ?? '';
      return [
        {
          sentence: `The ${nameOf(trace)} process could not save at step ${failure.step}: ${message}.`,
          resume: resumeOf(trace),
          step: failure.step,
          expected: 'a checkpoint',
          seen: tail === '' ? message : `${message}; its last lines: ${tail}`,
          cause: 'saving threw: the program, or a library that it saves with, cannot save what is trained',
          remedy: 'save by other means what cannot be saved so: its tensors and counters, one by one',
        },
      ];
    }),
};

export const traceIncomplete: Rule = {
  id: 'trace-incomplete',
  proof: 'run',
  claim: 'Each run that the plan asks for left a whole trace.',
  reads: 'which traces there are and whether each is whole: its end record, each of its lines',
  speaks: 'before the first step',
  judge: ({ traces, plan, controls, control, before, resumes }) => {
    const wanted = plan.resumeAt.length;
    // A process that tells why it failed is another rule's finding, and so is that nothing came after it.
    const failed = (trace: Trace | undefined): boolean => trace?.failure !== undefined;
    const last = resumes.at(-1)?.after ?? before;
    // A plan without a resume proves none.
    const absent = Array.from({ length: Math.max(1, wanted) }, (_, at) => at + 1).filter(
      (index) => !resumes.some((resume) => resume.index === index),
    );
    const missing = [
      ...(control === undefined ? ['control'] : []),
      ...(before === undefined ? ['before'] : []),
      ...(failed(last) ? [] : absent.map((index) => `after (resume ${index})`)),
      ...(control?.run?.backend.deterministic === false && controls.length < 2 ? ['twin'] : []),
      ...[...new Set(plan.resumeOn)]
        .filter((backend) => !controls.some(({ run }) => run?.backend.name === backend))
        .map((backend) => `control on ${backend}`),
    ];
    const broken = traces.filter((trace) => trace.defect !== undefined && !failed(trace));
    return [
      ...missing.map(
        (name): Found => ({
          sentence: `There is no trace of the ${name} run.`,
          subjects: [name],
          expected: `a trace of each run: control, before and ${wanted} after`,
          seen: `${traces.length} traces; none of ${name}`,
          cause: 'the run was never started, its first record was never written, or its file was lost',
          remedy: 'look at the findings about the runs before it; run the scenario again',
        }),
      ),
      ...broken.map(
        (trace): Found => ({
          sentence: `The trace of the ${nameOf(trace)} run ${trace.defect}.`,
          subjects: [nameOf(trace)],
          resume: resumeOf(trace),
          expected: 'a whole trace with an end record, each line as in docs/trace.schema.json',
          seen: `${trace.steps.length} steps, ${trace.states.length} states; the file ${trace.defect}`,
          cause:
            'the process was ended in the middle, or the file was changed, emptied or written by another program',
          remedy: 'run the scenario again; validate the writer of the trace against docs/trace.schema.json',
        }),
      ),
    ];
  },
};

export const stateMissing: Rule = {
  id: 'state-missing',
  proof: 'run',
  claim: 'Each process records what it holds at the save, at the resume and at the end.',
  reads:
    'the states at the save, at the resume and at the end of each stretch, in the control and in the resumed run',
  speaks: 'before the first step',
  judge: ({ resumes }) =>
    resumes.flatMap((resume): Found[] => {
      const { saved, resumed, last, controlFirst, controlLast } = resume;
      const missing = Object.entries({
        'at the save': saved,
        'right after the resume': resumed,
        'of the resumed run at its end': last,
        'of the control at the resume point': controlFirst,
        'of the control at the end': controlLast,
      }).filter(([, state]) => state === undefined || state.tensors.length === 0);
      // A process that died tells why by itself.
      if (missing.length === 0 || resume.after.failure !== undefined) return [];
      const names = missing.map(([name]) => name);
      return [
        {
          sentence: `No state was recorded ${names.join(', ')}: resume ${resume.index} cannot be judged.`,
          subjects: names,
          resume: resume.index,
          step: resume.from,
          expected: 'a state record with at least one tensor',
          seen: 'none',
          cause: 'the probe was not attached, the trainer shows it no tensors, or the trace was changed',
          remedy:
            'let observe() return the trainer’s parameters; write state records at save, resume and end',
        },
      ];
    }),
};

export const backendFellBack: Rule = {
  id: 'backend-fell-back',
  proof: 'run',
  claim: 'Each process ran on the backend that the plan asks for, and all of one backend on the same device.',
  reads: 'the backend and the adapter that each process says it got, and what the plan asks for',
  speaks: 'before the first step',
  judge: ({ traces, requestedBackend, control, plan }) => {
    const planned = new Set(plan.resumeOn);
    return traces.flatMap((trace): Found[] => {
      if (trace.run === undefined) return [];
      const { backend, role, segment } = trace.run;
      const reference = traces.find(({ run }) => run?.backend.name === backend.name)?.run?.backend;
      const wanted = wantedBackend(plan, requestedBackend, role, segment);
      const own = wanted === 'auto' ? (control?.run?.backend.name ?? backend.name) : wanted;
      // A control may stand for any of the plan's backends.
      const asked = role === 'twin' && planned.has(backend.name) ? backend.name : own;
      const same = backend.name === asked && backend.adapter === reference?.adapter;
      if (same) return [];
      return [
        {
          sentence: `The ${nameOf(trace)} run took place on ${backend.name} (${backend.adapter}) instead of ${asked}.`,
          resume: resumeOf(trace),
          subjects: [nameOf(trace)],
          expected: `${asked}${reference === undefined ? '' : ` on ${reference.adapter}`} in every process`,
          seen: `${backend.name} on ${backend.adapter}`,
          cause: 'the backend could not be opened in that process and another one took its place',
          remedy: 'run `resumeproof doctor` to see what each backend finds on this machine',
        },
      ];
    });
  },
};

export const controlDoesNotTrain: Rule = {
  id: 'control-does-not-train',
  proof: 'run',
  claim: 'The control trains: without that nothing can be told of a resumed run.',
  reads: 'which parameters change in the control, in all its steps and after the last resume',
  speaks: 'at the end of the stretch',
  judge: ({ control, resumes }) => {
    if (control === undefined || control.steps.length === 0) return [];
    const moved = (steps: readonly { changed: readonly boolean[] }[]): boolean =>
      steps.some(({ changed }) => changed.some(Boolean));
    const hooks = control.steps.reduce((sum, step) => sum + step.hookCalls.reduce((a, b) => a + b, 0), 0);
    if (!moved(control.steps)) {
      return [
        {
          sentence: `The control never trained: no parameter moved in ${control.steps.length} steps${
            hooks === 0 ? ', and no gradient hook fired' : ''
          }.`,
          expected: 'the control, which never stops, changes its parameters',
          seen: `0 of ${control.steps[0]!.names.length} parameters changed; ${hooks} hook calls`,
          cause:
            hooks === 0
              ? 'no gradient hook or optimizer is attached to the parameters'
              : 'the learning rate is 0, or what is updated is not what the trainer observes',
          remedy: 'make the scenario train without any resume first, then prove its resume',
        },
      ];
    }
    // An earlier stretch may lie between two updates: what it carries on shows in the stretches after it. A resume
    // after the last step has none, and shows nothing.
    return resumes
      .filter(({ controlSteps }) => controlSteps.length > 0)
      .slice(-1)
      .filter(({ controlSteps }) => !moved(controlSteps))
      .map(
        (resume): Found => ({
          sentence: `The control moved no parameter between steps ${resume.from} and ${resume.to}, so it cannot be told whether the resumed run should.`,
          resume: resume.index,
          expected: 'the control changes its parameters after the last resume point',
          seen: 'no parameter changed',
          cause:
            'the learning rate has reached 0, or there are too few steps after the resume point for an update',
          remedy: 'move the resume point or add steps',
        }),
      );
  },
};

export const nothingAfterResume: Rule = {
  id: 'nothing-after-resume',
  proof: 'run',
  claim: 'There are steps after each resume, all that the plan asks for.',
  reads: 'how many steps each resumed process recorded',
  speaks: 'at the end of the stretch',
  judge: ({ resumes, plan }) =>
    resumes
      .filter(
        ({ index, steps, from, to, after }) =>
          // A resume after the last step rightly trains nothing; alone it proves nothing.
          (steps.length < to - from || (from === to && index === 1)) && after.failure === undefined,
      )
      .map(
        (resume): Found => ({
          sentence:
            resume.steps.length === 0
              ? `Nothing was trained after resume ${resume.index}: its trace has no step.`
              : `After resume ${resume.index} only ${resume.steps.length} of ${resume.to - resume.from} steps were recorded.`,
          resume: resume.index,
          expected: `steps ${resume.from + 1} to ${resume.to}`,
          seen: resume.steps.length === 0 ? 'no step' : `steps up to ${resume.steps.at(-1)!.step}`,
          cause:
            plan.steps === resume.from
              ? 'the plan ends where the run is resumed'
              : 'the probe recorded nothing, or the loop ended early',
          remedy:
            'let the plan go on after its last resume point; see that the trainer’s step does one iteration',
        }),
      ),
};

export const notReproducible: Rule = {
  id: 'not-reproducible',
  proof: 'run',
  claim: 'The interrupted run equals the control up to the point where it is saved.',
  reads: 'losses and parameter norms of the control and of the run that is saved, up to the save',
  speaks: 'before the first step',
  judge: ({ control, before, plan, noise }) => {
    // Both are on the same backend, whatever the controls on others show.
    if (!noise.exact && control?.run?.backend.deterministic !== true) return [];
    const end = plan.resumeAt[0]!;
    const theirs = stepsBetween(before, 0, end);
    const different = stepsBetween(control, 0, end).find((step, index) => {
      const other = theirs[index];
      return (
        other !== undefined &&
        (!Object.is(step.claimed.loss, other.claimed.loss) || !sameValues(step.l2, other.l2))
      );
    });
    if (different === undefined) return [];
    return [
      {
        sentence: `Two runs of this program differ before any resume, at step ${different.step}: it is not reproducible.`,
        step: different.step,
        expected: `loss ${different.claimed.loss} in both runs`,
        seen: `loss ${theirs[different.step - 1]?.claimed.loss}`,
        cause:
          'an unseeded random generator, the clock, the order of files or saving itself influences training',
        remedy: 'seed every generator from the context’s seed and sort what is read from disk',
      },
    ];
  },
};

interface Presence {
  readonly observable: Observable;
  readonly seen: (trace: Trace) => boolean;
  readonly what: string;
}

const PRESENCES: readonly Presence[] = [
  {
    observable: 'hooks',
    what: 'call of a gradient hook',
    seen: ({ steps }) => steps.some((s) => s.hookCalls.some((n) => n > 0)),
  },
  {
    observable: 'slots',
    what: 'optimizer slot',
    seen: ({ states }) => states.some((s) => s.tensors.some(({ kind }) => kind === 'slot')),
  },
  { observable: 'images', what: 'sampled image', seen: ({ samples }) => samples.length > 0 },
  {
    observable: 'random',
    what: 'random state',
    seen: ({ states }) => states.some((s) => Object.keys(s.random).length > 0),
  },
  {
    observable: 'gradients',
    what: 'gradient',
    seen: ({ steps }) => steps.some((s) => s.gradientL2.some((n) => n !== null)),
  },
  {
    observable: 'rates',
    what: 'learning rate inside an update',
    seen: ({ steps }) => steps.some((s) => s.rates.some((n) => n !== null)),
  },
  {
    observable: 'batches',
    what: 'batch id',
    seen: ({ steps }) => steps.some((s) => s.claimed.batch.length > 0),
  },
];

export const nothingObserved: Rule = {
  id: 'nothing-observed',
  proof: 'run',
  claim:
    'The control shows everything that a trainer has not declared to lack: empty against empty proves nothing.',
  reads:
    'what the control shows of hooks, slots, pictures, generators, gradients, rates and batches, and what the scenario says that it lacks',
  speaks: 'at the end of the stretch',
  judge: ({ control, lacks }: Evidence) => {
    // A control that failed may not have come to show it, and its failure is a finding already.
    if (control?.failure !== undefined) return [];
    if (control === undefined || control.steps.length === 0) {
      return control === undefined
        ? []
        : [
            {
              sentence: 'The probe recorded no step of the control.',
              expected: 'a step record for each step',
              seen: 'none',
              cause: 'the probe was not attached, or the trace was emptied',
              remedy: 'run the scenario again with the harness’ own runner',
            },
          ];
    }
    const silent = PRESENCES.filter((p) => !lacks.includes(p.observable) && !p.seen(control));
    const undeclared = PRESENCES.filter((p) => lacks.includes(p.observable) && p.seen(control));
    return [
      ...silent.map(
        ({ observable, what }): Found => ({
          sentence: `Not one ${what} was seen in the control, so nothing can be told of it.`,
          subjects: [observable],
          expected: `at least one ${what}`,
          seen: 'none',
          cause: 'the trainer does not show it to the probe, or has none',
          remedy: `let observe() or the training parts show it, or declare lacks: ['${observable}'] in the scenario`,
        }),
      ),
      ...undeclared.map(
        ({ observable, what }): Found => ({
          sentence: `The scenario declares that it lacks ${listed([observable])}, but there is a ${what}.`,
          subjects: [observable],
          expected: `no ${what}`,
          seen: 'at least one',
          cause: 'the declaration is out of date',
          remedy: `take '${observable}' out of lacks`,
        }),
      ),
    ];
  },
};
