/** The resumed process ended with a failure. */
import type { Cause } from './cause.ts';

const BASE = { heads: ['run-died'], explains: ['run-died'] };

export const ENDS: readonly Cause[] = [
  {
    id: 'refused',
    means: 'The checkpoint was refused on load.',
    ...BASE,
    diagnose({ resume }) {
      const { failure } = resume.after;
      return failure?.code === 'resume-refused'
        ? `the checkpoint was refused: ${failure.message.replaceAll(/\s+/g, ' ').slice(0, 300)}`
        : undefined;
    },
  },
  {
    id: 'not-finite-after-resume',
    means: 'Training becomes non-finite after the resume.',
    ...BASE,
    diagnose({ resume }) {
      const { failure } = resume.after;
      return failure?.code === 'non-finite'
        ? `training becomes non-finite at step ${failure.step}`
        : undefined;
    },
  },
  {
    id: 'died-after-resume',
    means: 'The resumed program fails with an error.',
    ...BASE,
    diagnose({ resume, has }) {
      const { failure } = resume.after;
      return failure !== undefined && has('run-died')
        ? `the program fails with an error at step ${failure.step}: ${failure.message.replaceAll(/\s+/g, ' ').slice(0, 300)}`
        : undefined;
    },
  },
];
