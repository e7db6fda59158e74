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
