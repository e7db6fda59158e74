/** Changes to a checkpoint's tensors, as plain data. */
import type { TensorData, TensorMap } from '../checkpoint/safetensors.ts';
import { toBfloat16 } from '../loop/rounding.ts';

export const mapped = (
  tensors: TensorMap,
  change: (tensor: TensorData, name: string) => TensorData,
): TensorMap => new Map([...tensors].map(([name, tensor]) => [name, change(tensor, name)]));

export const kept = (tensors: TensorMap, keep: (name: string) => boolean): TensorMap =>
  new Map([...tensors].filter(([name]) => keep(name)));

export const zeros = (tensor: TensorData): TensorData => ({
  ...tensor,
  bytes: new Uint8Array(tensor.bytes.byteLength),
});

export const inHalf = (tensor: TensorData): TensorData => ({
  ...tensor,
  bytes: new Uint8Array(toBfloat16(new Float32Array(tensor.bytes.slice().buffer)).buffer),
});

/** Each tensor gets the values of the next one of the same shape. The last one gets those of the first. */
export function rotated(tensors: TensorMap, among: (name: string) => string = () => ''): TensorMap {
  const families = Map.groupBy(tensors, ([name, { shape }]) => `${among(name)} ${shape}`);
  return new Map(
    [...families.values()].flatMap((family) =>
      family.map(([name], at): [string, TensorData] => [name, family[(at + 1) % family.length]![1]]),
    ),
  );
}

/** The tensor with its rows and columns exchanged, in the same shape. Only of square matrices. */
export function transposed({ shape, bytes, ...tensor }: TensorData): TensorData {
  const side = shape[0]!;
  const values = new Float32Array(bytes.slice().buffer);
  const other = values.map((_, at) => values[(at % side) * side + Math.floor(at / side)]!);
  return { ...tensor, shape, bytes: new Uint8Array(other.buffer) };
}

/** The first of several tensors of one shape gets the values of the second, which keeps its own. */
export function copiedOver(tensors: TensorMap, among: (name: string) => string = () => ''): TensorMap {
  const families = Map.groupBy(tensors, ([name, { shape }]) => `${among(name)} ${shape}`);
  const copies = [...families.values()].flatMap(([first, second]): [string, TensorData][] =>
    first === undefined || second === undefined ? [] : [[first[0], second[1]]],
  );
  return new Map([...tensors, ...copies]);
}

export const isSquare = ({ shape }: { readonly shape: readonly number[] }): boolean =>
  shape.length === 2 && shape[0] === shape[1] && shape[0]! > 1;
