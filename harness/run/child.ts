/** The process of a job. */
import { runOwnJob } from './run-job.ts';

await runOwnJob();
