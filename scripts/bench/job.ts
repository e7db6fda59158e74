import type { BackendName } from '../../harness/backend/names.ts';
import type { Job } from '../../harness/run/job.ts';

/** A control that trains without a save. */
export const controlJob = (
  own: Pick<Job, 'scenario' | 'file' | 'plan' | 'folder'> & { readonly backend: BackendName },
): Job => ({
  ...own,
  role: 'control',
  id: 'control',
  horizon: own.plan.steps,
  changes: [],
  seed: 0,
  requireGpu: false,
  images: null,
  work: null,
  checkpoint: null,
  from: null,
  until: own.plan.steps,
  saves: [],
  savesIn: null,
  passes: own.plan.resumeAt,
  killed: false,
  inSave: null,
  askAt: null,
  settle: false,
  fault: null,
  ask: [],
});
