/** Kernels that only move, convert or write elements. Every backend must match bit for bit. */
import type { DataType } from '@tensorflow/tfjs-core';
import { axesOf, build, indexOf, NoReference, need, type Reference, type Tensor64 } from './tensor.ts';

const reshape: Reference = (inputs, { shape }) => ({ ...need(inputs, 'x'), shape: shape as number[] });

const transpose: Reference = (inputs, { perm }) => {
  const x = need(inputs, 'x');
  const order = perm as number[];
  return build(
    order.map((axis) => x.shape[axis]!),
    x.dtype,
    (place) => {
      const from: number[] = [];
      for (const [to, axis] of order.entries()) from[axis] = place[to]!;
      return x.values[indexOf(from, x.shape)]!;
    },
  );
};

/** List inputs are named '0', '1', …. */
const listed = (inputs: Readonly<Record<string, Tensor64 | undefined>>): Tensor64[] =>
  Object.values(inputs).filter((each) => each !== undefined);

const concat: Reference = (inputs, { axis: given }) => {
  // Skips empty parts: TensorFlow.js does not check their other axes.
  const parts = listed(inputs).filter(({ values }) => values.length > 0);
  const [first] = parts;
  if (first === undefined) throw new NoReference('unsupported concat of empty tensors');
  const [axis] = axesOf(given, first.shape.length) as [number];
  const lengths = parts.map(({ shape }) => shape[axis]!);
  const shape = first.shape.with(
    axis,
    lengths.reduce((sum, length) => sum + length, 0),
  );
  return build(shape, first.dtype, (place) => {
    let [at, part] = [place[axis]!, 0];
    while (at >= lengths[part]!) at -= lengths[part++]!;
    return parts[part]!.values[indexOf(place.with(axis, at), parts[part]!.shape)]!;
  });
};

const slice: Reference = (inputs, { begin, size }) => {
  const x = need(inputs, 'x');
  return cut(x, begin as number[], size as number[]);
};

/** Builds a tensor whose elements come from the places of `x` that `from` returns. */
const picked = (x: Tensor64, shape: readonly number[], from: (place: number[]) => number[]): Tensor64 =>
  build(shape, x.dtype, (place) => x.values[indexOf(from(place), x.shape)]!);

function cut(x: Tensor64, begin: readonly number[], size: readonly number[]): Tensor64 {
  const shape = x.shape.map((length, axis) => (size[axis] === -1 ? length - begin[axis]! : size[axis]!));
  return picked(x, shape, (place) => place.map((at, axis) => at + begin[axis]!));
}

const split: Reference = (inputs, { numOrSizeSplits, axis: given }) => {
  const x = need(inputs, 'x');
  const [axis] = axesOf(given, x.shape.length) as [number];
  const count = numOrSizeSplits as number | number[];
  const sizes = Array.isArray(count) ? count : Array.from({ length: count }, () => x.shape[axis]! / count);
  let start = 0;
  return sizes.map((size) => {
    const begin = x.shape.map(() => 0).with(axis, start);
    start += size;
    return cut(x, begin, x.shape.with(axis, size));
  });
};

const expandDims: Reference = (inputs, { dim }) => {
  const x = need(inputs, 'input');
  const at = dim as number;
  return { ...x, shape: x.shape.toSpliced(at < 0 ? at + x.shape.length + 1 : at, 0, 1) };
};

const fill: Reference = (_, { shape, value, dtype }) =>
  // A constant is rounded to float32.
  build(shape as number[], (dtype as DataType) ?? 'float32', () =>
    dtype === 'int32' ? (value as number) : Math.fround(value as number),
  );

const constant =
  (value: number): Reference =>
  (inputs) => {
    const x = need(inputs, 'x');
    return { ...x, values: x.values.map(() => value) };
  };

const oneHot: Reference = (inputs, { depth, onValue, offValue, dtype }) => {
  const { shape, values } = need(inputs, 'indices');
  const classes = depth as number;
  return build([...shape, classes], (dtype as DataType) ?? 'int32', (place, index) =>
    values[Math.floor(index / classes)] === place.at(-1)
      ? Math.fround(onValue as number)
      : Math.fround(offValue as number),
  );
};

const cast: Reference = (inputs, { dtype }) => {
  const x = need(inputs, 'x');
  const to = dtype as DataType;
  if (to === 'int32') return { ...x, dtype: to, values: x.values.map(Math.trunc) };
  if (to === 'bool') return { ...x, dtype: to, values: x.values.map((value) => Number(value !== 0)) };
  return { ...x, dtype: to };
};

const pad: Reference = (inputs, { paddings, constantValue }) => {
  const x = need(inputs, 'x');
  const around = paddings as [number, number][];
  const shape = x.shape.map((length, axis) => length + around[axis]![0] + around[axis]![1]);
  return build(shape, x.dtype, (place) => {
    const from = place.map((at, axis) => at - around[axis]![0]);
    const inside = from.every((at, axis) => at >= 0 && at < x.shape[axis]!);
    return inside ? x.values[indexOf(from, x.shape)]! : Math.fround(constantValue as number);
  });
};

const tile: Reference = (inputs, { reps }) => {
  const x = need(inputs, 'x');
  const shape = x.shape.map((length, axis) => length * (reps as number[])[axis]!);
  return picked(x, shape, (place) => place.map((at, axis) => at % x.shape[axis]!));
};

const gather: Reference = (inputs, { axis: given, batchDims }) => {
  const [x, indices] = [need(inputs, 'x'), need(inputs, 'indices')];
  if (batchDims !== undefined && batchDims !== 0)
    throw new NoReference('unsupported gather with batch dimensions');
  const [axis] = axesOf(given, x.shape.length) as [number];
  const shape = x.shape.toSpliced(axis, 1, ...indices.shape);
  return build(shape, x.dtype, (place) => {
    const which = place.slice(axis, axis + indices.shape.length);
    const at = indices.values[indexOf(which, indices.shape)]!;
    return x.values[indexOf(place.toSpliced(axis, which.length, at), x.shape)]!;
  });
};

const pack: Reference = (inputs, { axis: given }) => {
  const parts = listed(inputs);
  const [axis] = axesOf(given, parts[0]!.shape.length + 1) as [number];
  return build(parts[0]!.shape.toSpliced(axis, 0, parts.length), parts[0]!.dtype, (place) => {
    const { shape, values } = parts[place[axis]!]!;
    return values[indexOf(place.toSpliced(axis, 1), shape)]!;
  });
};

const unpack: Reference = (inputs, { axis: given }) => {
  const x = need(inputs, 'value');
  const [axis] = axesOf(given, x.shape.length) as [number];
  return Array.from({ length: x.shape[axis]! }, (_, at) =>
    picked(x, x.shape.toSpliced(axis, 1), (place) => place.toSpliced(axis, 0, at)),
  );
};

const reverse: Reference = (inputs, { dims }) => {
  const x = need(inputs, 'x');
  const axes = axesOf(dims, x.shape.length);
  return picked(x, x.shape, (place) =>
    place.map((at, axis) => (axes.includes(axis) ? x.shape[axis]! - 1 - at : at)),
  );
};

export const MOVEMENT: readonly [string, Reference][] = [
  ['Identity', (inputs) => need(inputs, 'x')],
  ['Reshape', reshape],
  ['Transpose', transpose],
  ['Concat', concat],
  ['Slice', slice],
  ['SplitV', split],
  ['ExpandDims', expandDims],
  ['Fill', fill],
  ['ZerosLike', constant(0)],
  ['OnesLike', constant(1)],
  ['OneHot', oneHot],
  ['Cast', cast],
  ['PadV2', pad],
  ['Tile', tile],
  ['GatherV2', gather],
  ['Pack', pack],
  ['Unpack', unpack],
  ['Reverse', reverse],
];
