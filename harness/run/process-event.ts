/** What is told of a process of a run while it goes on. */
import type { Trace } from '../trace/schema.ts';
import type { Progress } from './job.ts';

/** What the process reports itself, and that it has been started or has ended. */
export type ProcessEvent =
  | Progress
  | { readonly kind: 'begins' }
  | { readonly kind: 'ended'; readonly trace: Trace };
