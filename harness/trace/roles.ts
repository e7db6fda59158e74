/** What the roles of processes mean. */
import type { Role, Trace } from './schema.ts';

/** Whether a process trains the whole plan without stopping. */
export const isControl = (role: Role): boolean => role === 'control' || role === 'twin';

/** Whether a process starts from nothing and is not part of the interrupted run: what it trains is the same in all. */
export const isUninterrupted = (role: Role): boolean => isControl(role) || role === 'saver';

/** Whether a process was ended from outside, as its history says. Such a process cannot record its own end. */
export const endedOnPurpose = ({ process }: Pick<Trace, 'process'>): boolean =>
  process?.outcome === 'stopped-as-planned' || process?.outcome === 'killed';

/** Whether a process starts from a checkpoint. */
export const resumes = (role: Role): boolean => role === 'after' || role === 'again' || role === 'cold';
