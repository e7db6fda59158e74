/** Runs cases on the open backend and reports how well each kernel agrees with its reference. */
import * as tf from '@tensorflow/tfjs-core';
import { missingKernels } from '../backend/backend.ts';
import { oneLine } from '../backend/error.ts';
import { RandomStream } from '../training/random-stream.ts';
import { capture } from './capture.ts';
import { type Case, drawn, titleOf } from './cases.ts';
import { type Call64, checkCall } from './check.ts';
import { type KernelCheck, OUTCOMES } from './kernel-check.ts';
import { NoReference } from './reference/tensor.ts';

/**
 * @param backend the open backend's name
 * @param onCase called before each case
 */
export async function verifyKernels(
  backend: string,
  cases: readonly Case[],
  onCase: (title: string) => void = () => {},
): Promise<KernelCheck[]> {
  const checks = new Map<string, KernelCheck>();
  const add = (check: KernelCheck): void => {
    const before = checks.get(check.kernel);
    const worse = before === undefined || isWorse(check, before);
    const calls = (before?.calls ?? 0) + check.calls;
    checks.set(check.kernel, { ...(worse ? check : before), calls });
  };
  for (const [seed, each] of cases.entries()) {
    const operation = titleOf(each);
    onCase(operation);
    const { calls, error } = await runCase(each, seed);
    const found = calls.map((call) => compared(backend, call));
    for (const check of found) add({ operation, ...check });
    if (error === undefined) continue;
    const seen = new Set(found.map(({ kernel }) => kernel));
    const unseen = each.kernels.filter((name) => !seen.has(name));
    // If all kernels ran, none is wrong and the case still threw, report the error for the first kernel.
    const explained = unseen.length > 0 || found.some(({ outcome }) => outcome === 'wrong');
    for (const kernel of explained ? unseen : each.kernels.slice(0, 1)) {
      const missing = missingKernels(backend, [kernel]).length > 0;
      add({
        kernel,
        outcome: missing ? 'missing' : 'failed',
        calls: 0,
        operation,
        call: null,
        worst: null,
        problem: missing ? `${backend} lacks this kernel` : oneLine(error),
      });
    }
  }
  return [...checks.values()].sort((a, b) => (a.kernel < b.kernel ? -1 : 1));
}

/** Compares by outcome, then by error. An error where the result must be exact outweighs any rounding error. */
function isWorse(a: KernelCheck, b: KernelCheck): boolean {
  const severity = OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome);
  const size = ({ worst }: KernelCheck): number =>
    worst === null ? 0 : (worst.timesRounding ?? Number.POSITIVE_INFINITY);
  return severity > 0 || (severity === 0 && size(a) > size(b));
}

async function runCase({ inputs, run, gradient }: Case, seed: number) {
  const random = RandomStream.fromSeed(seed);
  const tensors = inputs.map(({ shape, draw }) => {
    const values = drawn(shape, draw, random);
    return tf.tensor(values, [...shape], values instanceof Int32Array ? 'int32' : 'float32');
  });
  try {
    if (!gradient) return await capture(() => void tf.tidy(() => run(...tensors)));
    return await capture(() =>
      tf.tidy(() => {
        // Runs forward first, so that the forward kernels are checked even if the gradient's kernel is missing.
        const { shape } = run(...tensors);
        const weights = tf.tensor(random.gaussian(tf.util.sizeFromShape(shape)), shape);
        const differentiable = tensors.filter(({ dtype }) => dtype === 'float32');
        tf.engine().gradients(() => run(...tensors), differentiable, weights);
      }),
    );
  } finally {
    tf.dispose(tensors);
  }
}

function compared(backend: string, call: Call64): Omit<KernelCheck, 'operation'> {
  const { kernel, inputs, outputs, attributes } = call;
  const shapes = Object.entries(inputs).flatMap(([name, tensor]) =>
    tensor ? [`${name} [${tensor.shape}]`] : [],
  );
  const attrs = Object.keys(attributes).length === 0 ? '' : ` ${JSON.stringify(attributes)}`;
  const what = {
    kernel,
    calls: 1,
    call: `${shapes.join(', ')} → ${outputs.map(({ shape }) => `[${shape}]`).join(', ')}${attrs}`,
  };
  try {
    const { agreement, worst, problem } = checkCall(backend, call);
    return { ...what, outcome: agreement, worst: worst ?? null, problem: problem ?? null };
  } catch (error) {
    if (!(error instanceof NoReference)) throw error;
    return { ...what, outcome: 'unverified', worst: null, problem: error.message };
  }
}
