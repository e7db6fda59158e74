/**
 * The transformer's larger operations with handwritten gradients. They use few kernels, because each dispatch
 * costs about a millisecond on a software adapter, and explicit transposes, because a transpose flag makes
 * wasm's matMul about fifteen times slower.
 */
import * as tf from '@tensorflow/tfjs-core';

type Gradients = (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[];
type Save = (tensors: tf.Tensor[]) => void;

/** `tf.customGrad` with arrays instead of its loosely typed argument list. */
function withGradient(
  inputs: tf.Tensor[],
  compute: (inputs: tf.Tensor[], save: Save) => { value: tf.Tensor; gradients: Gradients },
): tf.Tensor {
  const operation = tf.customGrad((...args) => {
    const save = args.pop() as unknown as Save;
    const { value, gradients } = compute(args as tf.Tensor[], save);
    // Without the tidy, TensorFlow.js would keep temporaries such as transposed weights until the whole
    // backward pass is over.
    return { value, gradFunc: (dy, saved) => tf.tidy(() => gradients(dy, saved)) };
  });
  return operation(...inputs);
}

/** Swaps the last two dimensions of a tensor of rank 2 or 4. */
const swapped = (x: tf.Tensor): tf.Tensor => tf.transpose(x, x.rank === 2 ? [1, 0] : [0, 1, 3, 2]);

/** `x · weight (+ bias)`; x `[n, in]`, weight `[in, out]`, bias `[out]`. */
export function linear(x: tf.Tensor2D, weight: tf.Tensor, bias?: tf.Tensor): tf.Tensor2D {
  return withGradient(bias ? [x, weight, bias] : [x, weight], ([a, b, c], save) => {
    save([a!, b!]);
    return {
      value: tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, ...(c && { bias: c }) }),
      gradients: (dy, [x, weight]) => {
        const dx = tf.matMul(dy, swapped(weight!));
        const dWeight = tf.matMul(swapped(x!), dy);
        return bias ? [dx, dWeight, tf.sum(dy, 0)] : [dx, dWeight];
      },
    };
  }) as tf.Tensor2D;
}

/**
 * Layer norm without learned weights, scaled and shifted by the condition (adaLN).
 * x `[batch, tokens, width]`; shift and scale `[batch, 1, width]`.
 */
export function modulatedNorm(x: tf.Tensor, shift: tf.Tensor, scale: tf.Tensor): tf.Tensor {
  return withGradient([x, shift, scale], ([x, shift, scale], save) => {
    const centred = tf.sub(x!, tf.mean(x!, -1, true));
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-6));
    const normal = tf.mul(centred, inverse);
    const factor = tf.add(scale!, 1);
    save([normal, inverse, factor]);
    return {
      value: tf.add(tf.mul(normal, factor), shift!),
      gradients: (dy, [normal, inverse, factor]) => {
        const dNormal = tf.mul(dy, factor!);
        const along = tf.mul(normal!, tf.mean(tf.mul(dNormal, normal!), -1, true));
        const dx = tf.mul(tf.sub(tf.sub(dNormal, tf.mean(dNormal, -1, true)), along), inverse!);
        return [dx, tf.sum(dy, 1, true), tf.sum(tf.mul(dy, normal!), 1, true)];
      },
    };
  });
}

/**
 * Multi-head self-attention between the two projections.
 * @param qkv `[batch × tokens, 3 × width]`
 * @returns `[batch × tokens, width]`
 */
export function attention(qkv: tf.Tensor, tokens: number, heads: number): tf.Tensor2D {
  const rows = qkv.shape[0]!;
  const width = qkv.shape[1]! / 3;
  const batch = rows / tokens;
  const depth = width / heads;
  const factor = 1 / Math.sqrt(depth);
  // At most four dimensions: wasm's transpose of five is about twenty times slower.
  const byHead = (x: tf.Tensor): tf.Tensor =>
    tf.transpose(tf.reshape(x, [batch, tokens, -1, depth]), [0, 2, 1, 3]);
  const byToken = (x: tf.Tensor): tf.Tensor => tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [rows, -1]);
  return withGradient([qkv], ([qkv], save) => {
    const [q, k, v] = tf.split(byHead(qkv!), 3, 1);
    const weights = tf.softmax(tf.mul(tf.matMul(q!, swapped(k!)), factor));
    save([q!, k!, v!, weights]);
    return {
      value: byToken(tf.matMul(weights, v!)),
      gradients: (dy, [q, k, v, weights]) => {
        const dMixed = byHead(dy);
        const dv = tf.matMul(swapped(weights!), dMixed);
        const weighted = tf.mul(tf.matMul(dMixed, swapped(v!)), weights!);
        const dScores = tf.mul(tf.sub(weighted, tf.mul(weights!, tf.sum(weighted, -1, true))), factor);
        const dq = tf.matMul(dScores, k!);
        const dk = tf.matMul(swapped(dScores), q!);
        return [byToken(tf.concat([dq, dk, dv], 1))];
      },
    };
  }) as tf.Tensor2D;
}
