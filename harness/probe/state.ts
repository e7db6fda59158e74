/** Digests of everything a trainer holds. They must be the same at save and at resume. */
import { createHash } from 'node:crypto';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { StateRecord, StepRecord, TensorRecord } from '../trace/schema.ts';
import type { Observed } from '../training/trainer.ts';
import { withoutMinusZero } from './minus-zero.ts';
import { significantBits, summarize } from './sketch.ts';
import { unorderedDigest } from './unordered.ts';

interface Entry extends Pick<TensorRecord, 'kind' | 'name' | 'parameter' | 'trainable' | 'group'> {
  readonly tensor: Tensor;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

export async function recordState(
  at: StateRecord['at'],
  step: number,
  observed: Observed,
): Promise<StateRecord> {
  // Compare variables, not data: some backends let clones share data, but a write to one never changes the other.
  const storages = new Map<Tensor, number>();
  const storageOf = (tensor: Tensor): number => {
    if (!storages.has(tensor)) storages.set(tensor, storages.size);
    return storages.get(tensor)!;
  };
  const tensors = await Promise.all(
    entries(observed).map(async ({ tensor, ...entry }): Promise<TensorRecord> => {
      const storage = storageOf(tensor);
      const values = withoutMinusZero(await tensor.data<'float32'>());
      return {
        ...entry,
        shape: [...tensor.shape],
        dtype: tensor.dtype,
        storage,
        digest: sha256(bytesOf(values)),
        unordered: unorderedDigest(values),
        ...summarize(values),
        ...(tensor.dtype === 'float32' ? { bits: significantBits(values) } : {}),
      };
    }),
  );
  return { kind: 'state', at, step, tensors, ...recordCounts(observed) };
}

/** The generators' digests and the counters: little enough to record after each step too. */
export const recordCounts = (observed: Observed): Pick<StateRecord, 'random' | 'counters'> => ({
  random: Object.fromEntries(
    Object.entries(observed.random ?? {}).map(([name, value]) => [name, sha256(value)]),
  ),
  counters: { ...observed.counters },
});

/**
 * Norms and sketches of everything but parameters, which steps measure anyway. Slots and gradients of zeros are left out: an
 * optimizer may make them only when it needs them.
 */
export async function recordOthers(observed: Observed): Promise<NonNullable<StepRecord['observed']>> {
  const all = entries(observed).flatMap(({ kind, name, tensor }) =>
    kind === 'parameter' ? [] : [summarized(kind, name, tensor)],
  );
  return (await Promise.all(all)).filter(({ kind, l2 }) => l2 !== 0 || kind === 'ema' || kind === 'buffer');
}

const summarized = async (
  kind: Exclude<TensorRecord['kind'], 'parameter'>,
  name: string,
  tensor: Tensor,
) => ({ kind, name, ...summarize(await tensor.data<'float32'>()) });

function entries(observed: Observed): Entry[] {
  const named = (kind: TensorRecord['kind'], tensors: ReadonlyMap<string, Tensor> | undefined): Entry[] =>
    [...(tensors ?? [])].map(([name, tensor]) => ({
      kind,
      name,
      ...(kind === 'buffer' ? {} : { parameter: name }),
      tensor,
    }));
  return [
    ...observed.parameters.map(
      ({ name, variable, group, trainable = variable.trainable }): Entry => ({
        kind: 'parameter',
        name,
        trainable,
        ...(group === undefined ? {} : { group }),
        tensor: variable,
      }),
    ),
    ...(observed.slots ?? []).map(
      ({ slot, parameter, tensor }): Entry => ({
        kind: 'slot',
        name: `${parameter}.${slot}`,
        parameter,
        tensor,
      }),
    ),
    ...named('ema', observed.ema),
    ...named('buffer', observed.buffers),
    ...named('gradient', observed.gradients),
  ];
}
