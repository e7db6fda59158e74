/** `.safetensors` files, as PyTorch and the Hugging Face libraries read and write them. */
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

export interface SafetensorsFile {
  /** In the order of the data. */
  readonly tensors: TensorMap;
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Writes a new file and waits until the disk has it. Equal tensors give equal files: the order is by type and
 * name, as the reference implementation's. No tensor's bytes may change until the promise settles.
 * @throws CheckpointError `bad-tensor` and `too-large` before the file is created; `io`, also when it exists
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
 * Reads a file. The header is checked in full against the file's size before memory for the data is taken; the
 * tensors are views of that one buffer, so each keeps all of it alive. Each is aligned for its type (and copied
 * only where the file did not align it).
 * @param expected size and hash to hold the file to
 * @throws CheckpointError `bad-header`, `bad-tensor`, and as `readVerified`
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
