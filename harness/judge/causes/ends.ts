/** The resumed process ended by itself. */
import type { Cause } from './cause.ts';

const BASE = { heads: ['run-died'], explains: ['run-died'] };

export const ENDS: readonly Cause[] = [
  {
    id: 'refused',
    means: 'The checkpoint was refused when it was loaded.',
    ...BASE,
    diagnose({ resume }) {
      const { failure } = resume.after;
      return failure?.code === 'resume-refused'
        ? `the checkpoint is refused: ${failure.message.replaceAll(/\s+/g, ' ').slice(0, 300)}`
        : undefined;
    },
  },
  {
    id: 'not-finite-after-resume',
    means: 'Training stops being finite after the resume.',
    ...BASE,
    diagnose({ resume }) {
      const { failure } = resume.after;
      return failure?.code === 'non-finite'
        ? `training stops being finite at step ${failure.step}`
        : undefined;
    },
  },
  {
    id: 'died-after-resume',
    means: 'The resumed program ends with an error.',
    ...BASE,
    diagnose({ resume, has }) {
      const { failure } = resume.after;
      return failure !== undefined && has('run-died')
        ? `the program ends with an error at step ${failure.step}: ${failure.message.replaceAll(/\s+/g, ' ').slice(0, 300)}`
        : undefined;
    },
  },
];
