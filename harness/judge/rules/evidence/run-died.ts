import { type History, resumesFromCut } from '../../../trace/history.ts';
import { endedOnPurpose } from '../../../trace/roles.ts';
import type { FailureRecord, Trace } from '../../../trace/schema.ts';
import { nameOf, resumeOf, stoppedBeingFinite, unknownRank } from '../../process.ts';
import type { Found, Rule } from '../../rule.ts';

const ENDED: Readonly<Record<string, string>> = {
  'step-timeout': 'because it made no step within its time limit',
  'run-timeout': 'because it did not end within its time limit',
  cancelled: 'because the run was interrupted',
};

/** Some libraries break messages into lines, and the first line alone may say nothing. */
const MESSAGE_LENGTH = 300;

/** Failures that prove nothing about the resume. */
const OF_THE_MACHINE: ReadonlySet<FailureRecord['code']> = new Set(['backend-unavailable', 'environment']);

function howItEnded({ failure, process }: Trace): string {
  if (failure !== undefined) {
    return `${failure.code} at step ${failure.step}: ${failure.message.replaceAll(/\s+/g, ' ').slice(0, MESSAGE_LENGTH)}`;
  }
  if (process?.outcome !== 'crashed') return `the harness ended it, ${ENDED[process!.outcome]}`;
  if (process.signal !== null) return `${process.signal} ended it`;
  return process.exitCode === null
    ? `it could not be started: ${process.stderr.at(-1) ?? 'no reason was given'}`
    : `it exited with code ${process.exitCode}`;
}

/** Whether what it resumed from lay beside what is left of a save in which the process before was killed. */
function isAfterCut({ run }: Trace, { processes }: History): boolean {
  const own = processes.find(({ id }) => id === run?.id);
  return own !== undefined && processes.some((source) => resumesFromCut(own, source));
}

function whyItDied(trace: Trace, history: History): { likelyCause: string; fix: string } {
  const { failure } = trace;
  // The message of TensorFlow.js.
  const [, kernel, backend] =
    /Kernel '(\w+)' not registered for backend '(\w+)'/.exec(failure?.message ?? '') ?? [];
  if (kernel !== undefined) {
    return {
      likelyCause: `the backend ${backend} lacks a kernel that the program uses`,
      fix: `run it on another backend, or declare kernels: ['${kernel}'] to skip the scenario on backends without it`,
    };
  }
  if (failure?.code === 'resume-refused' && isAfterCut(trace, history))
    return {
      likelyCause:
        'the process before was killed in a save, and what that save left half written was loaded, or an older file was gone',
      fix: 'write each checkpoint under another name and rename it once it is whole, keep the one before until then, and load the newest that is whole',
    };
  return {
    likelyCause:
      failure?.code === 'resume-refused'
        ? 'the checkpoint was refused when it was loaded'
        : 'the program threw an error, was killed by a signal, or ran out of time or memory',
    fix: 'run the replay command and read the trace; raise the scenario’s limits if the run was only slow',
  };
}

export const runDied: Rule = {
  id: 'run-died',
  proof: 'run',
  claim: 'Every process runs to its end.',
  reads: 'the failure that a process records, and how the process ended',
  speaks: 'before the first step',
  judge: (evidence) =>
    evidence.traces.flatMap((trace): Found[] => {
      const { failure, process } = trace;
      const ended = process === undefined || process.outcome === 'exited' || endedOnPurpose(trace);
      if (failure === undefined && ended) return [];
      // Other rules report these.
      if (failure?.code === 'save-failed' || stoppedBeingFinite(trace)) return [];
      const tail = process?.stderr.slice(-5).join('\n') ?? '';
      const what = howItEnded(trace);
      const resumed = trace.run?.role === 'after' || trace.run?.role === 'again';
      return [
        {
          sentence: `The ${nameOf(trace)} process died: ${what}.`,
          // The program's own error while resuming is a resume bug; a kill or a hang proves nothing.
          refutes:
            resumed &&
            failure !== undefined &&
            !OF_THE_MACHINE.has(failure.code) &&
            evidence.control?.failure === undefined,
          resume: resumeOf(evidence, trace),
          ...unknownRank(trace),
          step: failure?.step ?? trace.steps.at(-1)?.step ?? null,
          expected: 'the process exits with code 0',
          seen: tail === '' ? what : `${what}; its last lines: ${tail}`,
          ...whyItDied(trace, evidence.history),
        },
      ];
    }),
};
