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

export interface SafetensorsFile {
  /** In data order. */
  readonly tensors: TensorMap;
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Writes a new file and syncs it to disk. Equal tensors give equal files: tensors are sorted by type and name, like
 * in the reference implementation. The tensors' bytes must not change until the promise settles.
 * @throws CheckpointError `bad-tensor` and `too-large` before the file is created; `io`, also if the file exists
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
 * Reads a file. Checks the whole header against the file's size before it allocates memory for the data. The tensors
 * are views of one buffer, so each keeps the whole buffer alive. Each tensor is aligned for its type; one that is
 * unaligned in the file is copied.
 * @param expected size and hash that the file must have
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
