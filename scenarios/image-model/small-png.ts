/**
 * Reads PNG files that need no conversion: grey, 8 bits, no filter, of the size wanted. Loading sharp for them took most
 * of the time of a short process.
 */
import { crc32, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * @returns `size × size` bytes, rows from the top; undefined if the file is broken or needs conversion, so that sharp
 * must see it
 */
export function readSmallPng(file: Buffer, size: number): Uint8Array | undefined {
  const chunks = chunksOf(file);
  const [header, data, end, ...others] = chunks ?? [];
  if (header?.type !== 'IHDR' || data?.type !== 'IDAT' || end?.type !== 'IEND' || others.length > 0)
    return undefined;
  const { body } = header;
  if (body.length !== 13 || body.readUInt32BE(0) !== size || body.readUInt32BE(4) !== size) return undefined;
  // 8 bits, grey, and nothing special.
  if (!body.subarray(8).equals(Buffer.from([8, 0, 0, 0, 0]))) return undefined;
  return unfiltered(data.body, size);
}

interface Chunk {
  readonly type: string;
  readonly body: Buffer;
}

function chunksOf(file: Buffer): Chunk[] | undefined {
  if (!file.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return undefined;
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE.length; at < file.length; ) {
    if (file.length - at < 12) return undefined;
    const end = at + 8 + file.readUInt32BE(at);
    if (end + 4 > file.length) return undefined;
    const body = file.subarray(at + 8, end);
    if (crc32(file.subarray(at + 4, end)) !== file.readUInt32BE(end)) return undefined;
    chunks.push({ type: file.toString('latin1', at + 4, at + 8), body });
    at = end + 4;
  }
  return chunks;
}

/** Each row starts with its filter type, 0 for none. */
function unfiltered(data: Buffer, size: number): Uint8Array | undefined {
  const row = size + 1;
  let rows: Buffer;
  try {
    rows = inflateSync(data, { maxOutputLength: size * row });
  } catch {
    return undefined;
  }
  if (rows.length !== size * row) return undefined;
  const pixels = new Uint8Array(size * size);
  for (let y = 0; y < size; y += 1) {
    if (rows[y * row] !== 0) return undefined;
    pixels.set(rows.subarray(y * row + 1, (y + 1) * row), y * size);
  }
  return pixels;
}
