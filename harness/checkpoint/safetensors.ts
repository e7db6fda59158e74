/** Reads and writes `.safetensors` files, compatible with PyTorch and the Hugging Face libraries. */
import { type Digest, readVerified, writeParts } from './file.ts';
import {
  decodeHeader,
  decodeLength,
  elementBytes,
  encodeHeader,
  type TensorData,
  type TensorMap,
} from './header.ts';

export type { Digest } from './file.ts';
export { DTYPES, type Dtype, type TensorData, type TensorMap } from './header.ts';

/** A safetensors file in memory. */
export interface SafetensorsFile {
  /** The tensors, in the order of their data in the file. */
  readonly tensors: TensorMap;
  /** The header's `__metadata__`; empty where there is none. */
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Writes a new `.safetensors` file and waits until it is on the disk. Equal tensors give equal files: they are
 * sorted by type and name, as in the reference implementation (github.com/huggingface/safetensors). The tensors'
 * bytes must not change until the promise settles.
 * @returns the file's size and SHA-256
 * @throws {@link CheckpointError} `bad-tensor` or `too-large` before the file is created; `io`, also when the file
 *   exists
 * @example
 * ```ts
 * import { writeSafetensors } from 'resumeproof';
 *
 * const bytes = new Uint8Array(new Float32Array([1, 2, 3]).buffer);
 * const { sha256 } = await writeSafetensors(
 *   'bias.safetensors',
 *   new Map([['bias', { dtype: 'F32', shape: [3], bytes }]]),
 * );
 * console.log(sha256);
 * ```
 */
export async function writeSafetensors(
  file: string,
  tensors: TensorMap,
  metadata: ReadonlyMap<string, string> = new Map(),
): Promise<Digest> {
  const { header, parts } = encodeHeader(tensors, metadata, file);
  return writeParts(file, [header, ...parts]);
}

/**
 * Reads a `.safetensors` file. The header is checked against the file's size before memory for the data is
 * allocated. The tensors are aligned views of one buffer, so each of them keeps the whole buffer alive; a tensor that
 * the file does not align is copied.
 * @param expected the size and SHA-256 that the file must have
 * @throws {@link CheckpointError} `bad-header`, `bad-tensor`, `missing-file`, `not-a-file`, `wrong-size`,
 *   `wrong-hash`, `too-large` or `io`
 * @example
 * ```ts
 * import { readSafetensors, toTensor } from 'resumeproof';
 *
 * const { tensors } = await readSafetensors('bias.safetensors');
 * for (const data of tensors.values()) toTensor(data).print();
 * ```
 */
export function readSafetensors(file: string, expected?: Digest): Promise<SafetensorsFile> {
  return readVerified(file, expected, async ({ bytes, take }) => {
    const headerBytes = decodeLength(await take(Math.min(8, bytes)), bytes, file);
    const dataBytes = bytes - 8 - headerBytes;
    const { places, metadata } = decodeHeader(await take(headerBytes), dataBytes, file);
    const data = await take(dataBytes);
    const tensors = new Map<string, TensorData>();
    for (const { name, dtype, shape, begin, end } of places) {
      const aligned = begin % elementBytes(dtype) === 0;
      const bytes = new Uint8Array(data.buffer, begin, end - begin);
      tensors.set(name, { dtype, shape, bytes: aligned ? bytes : bytes.slice() });
    }
    return { tensors, metadata };
  });
}

/**
 * Visits the tensors of a file one after the other, so that no more than one of them is in memory. Checks the header like
 * {@link readSafetensors}.
 * @returns the header's `__metadata__`
 * @throws CheckpointError as readSafetensors; tensors before a truncation have been visited
 */
export function visitSafetensors(
  file: string,
  visit: (name: string, tensor: TensorData) => void,
): Promise<ReadonlyMap<string, string>> {
  return readVerified(file, undefined, async ({ bytes, take }) => {
    const headerBytes = decodeLength(await take(Math.min(8, bytes)), bytes, file);
    const { places, metadata } = decodeHeader(await take(headerBytes), bytes - 8 - headerBytes, file);
    for (const { name, dtype, shape, begin, end } of places)
      visit(name, { dtype, shape, bytes: await take(end - begin) });
    return metadata;
  });
}
