/** The process that is asked about scenario or fault files. */
import { inspectFiles } from './inspect-files.ts';

await inspectFiles();
