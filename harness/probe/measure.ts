/**
 * Norms of live tensors. If the backend keeps its tensors in this process' memory (wasm, cpu), one pass over a view of
 * them computes everything. Elsewhere the device computes the sums, which are read back together; on webgpu, one custom
 * kernel per tensor does it.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Change, Measurements } from './measurements.ts';
import { measureOnWebgpu } from './webgpu.ts';

export function measurements(): Measurements {
  const view = memoryView();
  if (view !== undefined) return inMemory(view);
  return tf.getBackend() === 'webgpu' ? measureOnWebgpu() : onDevice();
}

type View = (tensor: tf.Tensor) => ArrayLike<number>;

/** A view of a tensor's memory without a copy. It is valid until the next operation. */
function memoryView(): View | undefined {
  const backend = tf.backend() as { typedArrayFromHeap?: View };
  if (tf.getBackend() === 'wasm' && backend.typedArrayFromHeap !== undefined) {
    return (tensor) => backend.typedArrayFromHeap!(tensor);
  }
  // The cpu backend returns the array that it computes with.
  return tf.getBackend() === 'cpu' ? (tensor) => tensor.dataSync() : undefined;
}

function inMemory(view: View): Measurements {
  return {
    change(now, before) {
      const result = compare(view(now), view(before));
      return () => result;
    },
    l2(tensor) {
      const result = norm(view(tensor));
      return () => result;
    },
    collect: async () => {},
  };
}

// Both loops add two values per iteration to independent sums, which halves the time. They do not compare each pair of
// values, because that took six times as long.

function norm(values: ArrayLike<number>): number {
  const even = values.length & ~1;
  let [squares, squares2] = [0, 0];
  for (let i = 0; i < even; i += 2) {
    const value = values[i]!;
    const value2 = values[i + 1]!;
    squares += value * value;
    squares2 += value2 * value2;
  }
  if (even < values.length) squares += values[even]! ** 2;
  return Math.sqrt(squares + squares2);
}

function compare(now: ArrayLike<number>, before: ArrayLike<number>): Change {
  const even = now.length & ~1;
  let [squares, differences] = [0, 0];
  let [squares2, differences2] = [0, 0];
  for (let i = 0; i < even; i += 2) {
    const value = now[i]!;
    const value2 = now[i + 1]!;
    const difference = value - before[i]!;
    const difference2 = value2 - before[i + 1]!;
    squares += value * value;
    squares2 += value2 * value2;
    differences += difference * difference;
    differences2 += difference2 * difference2;
  }
  if (even < now.length) {
    const value = now[even]!;
    squares += value ** 2;
    differences += (value - before[even]!) ** 2;
  }
  differences += differences2;
  return {
    l2: Math.sqrt(squares + squares2),
    updateL2: Math.sqrt(differences),
    // In double precision, neither the difference of two float32 numbers nor its square underflows.
    changed: Number.isNaN(differences) ? differ(now, before) : differences > 0,
  };
}

/** Compares the values, because the difference of two equal infinities is NaN. */
function differ(now: ArrayLike<number>, before: ArrayLike<number>): boolean {
  for (let i = 0; i < now.length; i++) if (now[i] !== before[i]) return true;
  return false;
}

interface NodeBackend {
  executeSingleInput(operation: string, input: tf.Tensor): tf.Tensor;
}

/** Sum of squares, `[]`. If libtensorflow's own operation is available, it takes one pass without a temporary. */
function sumOfSquares(): (tensor: tf.Tensor) => tf.Tensor {
  if (tf.getBackend() !== 'tensorflow') return (tensor) => tf.sum(tf.square(tensor));
  const backend = tf.backend() as unknown as NodeBackend;
  return (tensor) => tf.mul(backend.executeSingleInput('L2Loss', tensor), 2);
}

function onDevice(): Measurements {
  const squares = sumOfSquares();
  let scalars: tf.Tensor[] = [];
  let values: ArrayLike<number> = [];
  /** Pairs whose difference may have underflowed in float32; their equality is checked separately. */
  let pairs: { at: number; now: tf.Tensor; before: tf.Tensor }[] = [];
  let moved: ReadonlySet<number> = new Set();
  const add = (tensors: readonly tf.Tensor[]): number => {
    const at = scalars.length;
    for (const tensor of tensors) scalars.push(tf.keep(tf.reshape(tensor, [1])));
    return at;
  };
  const read = async (pending: readonly tf.Tensor[]): Promise<ArrayLike<number>> => {
    if (pending.length === 0) return [];
    const all = tf.concat(pending as tf.Tensor1D[]);
    tf.dispose([...pending]);
    try {
      return await all.data();
    } finally {
      all.dispose();
    }
  };
  return {
    change(now, before) {
      const at = tf.tidy(() => add([squares(now), squares(tf.sub(now, before))])) as unknown as number;
      pairs.push({ at, now, before });
      return () => {
        const [l2, updateL2] = [Math.sqrt(values[at]!), Math.sqrt(values[at + 1]!)];
        return { l2, updateL2, changed: moved.has(at) };
      };
    },
    l2(tensor) {
      const at = tf.tidy(() => add([squares(tensor)])) as unknown as number;
      return () => Math.sqrt(values[at]!);
    },
    async collect() {
      const [pending, asked] = [scalars, pairs];
      [scalars, pairs] = [[], []];
      if (pending.length === 0) return;
      values = await read(pending);
      const open = asked.filter(({ at }) => !(values[at + 1]! > 0));
      const differ = await read(
        open.map(({ now, before }) =>
          tf.tidy(() => tf.reshape(tf.cast(tf.any(tf.notEqual(now, before)), 'float32'), [1])),
        ),
      );
      const still = new Set(open.filter((_, index) => differ[index] === 0).map(({ at }) => at));
      moved = new Set(asked.flatMap(({ at }) => (still.has(at) ? [] : [at])));
    },
  };
}
