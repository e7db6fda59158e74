/** The process of one probe: opens a backend, trains one step, sends the result and exits. */
import * as tf from '@tensorflow/tfjs-core';
import { tell } from '../processes/channel.ts';
import { BackendError, openBackend } from './backend.ts';
import { oneLine } from './error.ts';
import type { Inspection } from './inspect.ts';

// All intermediate values are exact in float32, so every backend must match bit for bit.
const EXPECTED = [1.875, 1.75];

/** One step of gradient descent on a linear regression with learning rate 1/8. */
async function trainOneStep(): Promise<number[]> {
  const inputs = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const targets = tf.tensor2d([1, 2], [2, 1]);
  const weights = tf.variable(tf.tensor2d([0.5, -0.25], [2, 1]));
  const loss = (): tf.Scalar => tf.sum(tf.square(tf.sub(tf.matMul(inputs, weights), targets)));
  tf.train.sgd(0.125).minimize(loss);
  return [...(await weights.data())];
}

async function probe(requested: string, requireGpu: boolean): Promise<Inspection> {
  const none = { usable: false, hardware: false, device: null, driver: null };
  try {
    const backend = await openBackend(requested, { requireGpu });
    const { adapter, driver, hardware } = backend.record;
    const found = { hardware, device: adapter, driver, fix: null };
    try {
      const weights = await Promise.race([trainOneStep(), backend.lost]);
      backend.assertStillActive();
      if (String(weights) === String(EXPECTED)) return { ...found, usable: true, problem: null };
      return { ...found, usable: false, problem: `one training step gave ${weights} instead of ${EXPECTED}` };
    } catch (error) {
      return { ...found, usable: false, problem: `one training step failed: ${oneLine(error)}` };
    }
  } catch (error) {
    if (error instanceof BackendError) return { ...none, problem: error.problem, fix: error.fix };
    return { ...none, problem: oneLine(error), fix: null };
  }
}

tell(await probe(process.argv[2]!, process.argv[3] === 'true'));
process.exit();
