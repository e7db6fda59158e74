import type { Trace } from '../../../trace/schema.ts';
import { nameOf, resumeOf, stoppedBeingFinite } from '../../process.ts';
import type { Found, Rule } from '../../rule.ts';

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

function whyItDied({ failure }: Trace): { likelyCause: string; fix: string } {
  // As TensorFlow.js puts it.
  const [, kernel, backend] =
    /Kernel '(\w+)' not registered for backend '(\w+)'/.exec(failure?.message ?? '') ?? [];
  if (kernel !== undefined) {
    return {
      likelyCause: `the backend ${backend} cannot do what the program asks of it`,
      fix: `run it on another backend; with kernels: ['${kernel}'] the scenario is skipped where there is none`,
    };
  }
  return {
    likelyCause:
      failure?.code === 'resume-refused'
        ? 'the checkpoint was refused when it was loaded'
        : 'an error, a signal, a time limit or too little memory in the trained program',
    fix: 'run the replay command and read the trace; raise the scenario’s limits if it was only slow',
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
