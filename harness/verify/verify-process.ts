/** The process of one verification. */
import { runVerification } from './run-verification.ts';

await runVerification();
