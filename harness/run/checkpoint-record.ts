/** Records what is in a checkpoint, so that the judge can tell whether the save or the load lost something. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { readContents } from '../checkpoint/contents.ts';
import { CheckpointError } from '../checkpoint/error.ts';
import type { TensorData } from '../checkpoint/header.ts';
import { widened } from '../checkpoint/widen.ts';
import { withoutMinusZero } from '../probe/minus-zero.ts';
import { unorderedDigest } from '../probe/unordered.ts';
import type { CheckpointRecord } from '../trace/schema.ts';

/** Bounds of a record, so that it stays a line that a reader takes. More of them are left out. */
const MOST = { tensors: 50_000, values: 10_000, characters: 256 };

type Held = CheckpointRecord['tensors'][number];

/** Undefined if there is no checkpoint or it cannot be listed. */
export async function recordCheckpoint(checkpoint: string): Promise<CheckpointRecord | undefined> {
  const tensors: Held[] = [];
  let room = 0;
  const take = (name: string, tensor: TensorData): void => {
    if (name.length <= MOST.characters && tensors.length < MOST.tensors) tensors.push(measured(name, tensor));
    else room = Math.max(room, tensor.bytes.byteLength);
  };
  try {
    const contents = await readContents(checkpoint, take);
    const some = <Value>(entries: ReadonlyMap<string, Value>): [string, Value][] =>
      [...entries].filter(([name]) => name.length <= MOST.characters).slice(0, MOST.values);
    return {
      kind: 'checkpoint',
      checkpoint: path.basename(checkpoint),
      room: Math.max(room, contents.room),
      tensors,
      counters: Object.fromEntries(some(contents.values)),
      random: Object.fromEntries(some(contents.texts).map(([name, text]) => [name, sha256(text)])),
    };
  } catch (error) {
    if (error instanceof CheckpointError) return undefined;
    throw error;
  }
}

/** The digests of the probe's states, of the same bytes. */
function measured(name: string, { dtype, shape, bytes: stored }: TensorData): Held {
  const bytes = dtype === 'F32' ? unsignedZeros(stored) : stored;
  const wide = widened(dtype, bytes);
  return {
    name,
    shape: [...shape],
    dtype,
    digest: sha256(bytes),
    ...(wide === undefined ? {} : { widened: sha256(unsignedZeros(wide)) }),
    ...inAnyOrder(dtype, bytes),
  };
}

/** @param bytes of float32 numbers */
function unsignedZeros(bytes: Uint8Array): Uint8Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const values = new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  const { buffer, byteOffset, byteLength } = withoutMinusZero(values);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function inAnyOrder(dtype: TensorData['dtype'], bytes: Uint8Array): Pick<Held, 'unordered'> {
  if (dtype === 'U8' || dtype === 'BOOL') return { unordered: unorderedDigest(bytes) };
  if (dtype !== 'F32' && dtype !== 'I32') return {};
  const { buffer } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const offset = bytes.byteOffset % 4 === 0 ? bytes.byteOffset : 0;
  return { unordered: unorderedDigest(new Int32Array(buffer, offset, bytes.byteLength / 4)) };
}

const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');
