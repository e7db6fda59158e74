/** Opens the backend, runs the cases and tells the results. */
import { BackendError, openBackend, untilLost } from '../backend/backend.ts';
import { oneLine } from '../backend/error.ts';
import { tell } from '../processes/channel.ts';
import { CASES, casesFor } from './cases.ts';
import { verifyKernels } from './kernels.ts';
import type { Message, Wanted } from './verify.ts';

const send = (message: Message): void => tell(message);

async function verify({ backend: requested, kernels }: Wanted): Promise<Message> {
  try {
    const backend = await openBackend(requested);
    const cases = kernels === null ? CASES : casesFor(new Set(kernels));
    const { name, adapter } = backend.record;
    const work = verifyKernels(name, cases, (title) => send({ kind: 'case', title, of: cases.length }));
    const checks = await untilLost(backend)(work);
    backend.assertStillActive();
    return {
      kind: 'end',
      backend: name,
      device: adapter,
      cases: cases.length,
      checks,
      problem: null,
      fix: null,
    };
  } catch (error) {
    const [problem, fix] =
      error instanceof BackendError ? [error.problem, error.fix] : [oneLine(error), null];
    return { kind: 'end', backend: null, device: null, cases: 0, checks: [], problem, fix };
  }
}

/** What the process of a verification does: what is wanted is its argument. */
export async function runVerification(): Promise<void> {
  send(await verify(JSON.parse(process.argv[2]!) as Wanted));
  // The backend's threads would keep the process alive.
  process.exit();
}
