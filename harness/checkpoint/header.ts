/** The header of a safetensors file: where each tensor is. Pure. Format: github.com/huggingface/safetensors. */
import { CheckpointError, show } from './error.ts';
import { parseJson } from './json.ts';

/** Bytes per element, in the reference writer's order. Sorting by it, widest first, keeps all tensors aligned. */
const ELEMENT_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;

/** A safetensors element type. */
export type Dtype = keyof typeof ELEMENT_BYTES;
export const DTYPES = Object.keys(ELEMENT_BYTES) as Dtype[];

/** A tensor's raw bytes with its dtype and shape. */
export interface TensorData {
  readonly dtype: Dtype;
  /** Empty for a scalar. */
  readonly shape: readonly number[];
  /** Little-endian, row-major; element size × product of shape. */
  readonly bytes: Uint8Array;
}
/** A file's tensors by name. */
export type TensorMap = ReadonlyMap<string, TensorData>;

/** The reference implementation's limit. */
export const MAX_HEADER_BYTES = 100_000_000;
const METADATA = '__metadata__';
const FIX = 'the file is damaged or was not written as safetensors: use another checkpoint';

export interface Place {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Offsets into the data that follows the header. */
  readonly begin: number;
  readonly end: number;
}

export function elementBytes(dtype: Dtype): number {
  return ELEMENT_BYTES[dtype];
}

/** Size in bytes, or undefined if the dtype is unknown, the shape is invalid or the product is not a safe integer. */
export function tensorBytes(dtype: unknown, shape: unknown): number | undefined {
  if (!isDtype(dtype) || !Array.isArray(shape)) return undefined;
  let bytes: number = ELEMENT_BYTES[dtype];
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return undefined;
    bytes *= size;
    if (!Number.isSafeInteger(bytes)) return undefined;
  }
  return bytes;
}

function isDtype(dtype: unknown): dtype is Dtype {
  return typeof dtype === 'string' && Object.hasOwn(ELEMENT_BYTES, dtype);
}

/** False for names that some readers would drop: `__proto__`, the metadata key, malformed Unicode. */
function isUsableName(name: string): boolean {
  return name !== '__proto__' && name !== METADATA && !/\p{Surrogate}/u.test(name);
}

/**
 * Returns the length prefix with the header, and the tensors' bytes in the order in which they must follow: widest
 * type first, then by name in code point order. Equal tensors give equal bytes regardless of the map's order.
 * @throws CheckpointError `bad-tensor`, `too-large`
 */
export function encodeHeader(
  tensors: TensorMap,
  metadata: ReadonlyMap<string, string>,
  file: string,
): { header: Uint8Array; parts: Uint8Array[] } {
  const fix = 'fix the tensors passed to the save';
  for (const [name, { dtype, shape, bytes }] of tensors) {
    const refuse = (expected: string, of: string, received: string) => {
      throw new CheckpointError({ code: 'bad-tensor', file, tensor: name, expected, of, received, fix });
    };
    if (!isUsableName(name)) refuse('a well-formed, unreserved name', 'the tensor', show(name));
    if (!isDtype(dtype)) refuse(`one of ${DTYPES.join(', ')}`, 'dtype', show(dtype));
    const size = tensorBytes(dtype, shape);
    if (size === undefined) refuse('non-negative integers with a safe product', 'shape', show(shape));
    if (size !== bytes.byteLength) {
      refuse(`${size} bytes (${dtype} ${show(shape)})`, 'its data', `${bytes.byteLength} bytes`);
    }
  }
  const sorted = [...tensors].sort(
    ([a, left], [b, right]) =>
      DTYPES.indexOf(right.dtype) - DTYPES.indexOf(left.dtype) ||
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  // Built as text because an object would put integer-like names first.
  const entries: string[] = [];
  if (metadata.size > 0) {
    const pairs = [...metadata].sort(([a], [b]) => (a < b ? -1 : 1));
    entries.push(
      `"${METADATA}":{${pairs.map((pair) => pair.map((text) => JSON.stringify(text)).join(':'))}}`,
    );
  }
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of sorted) {
    const begin = end;
    end += bytes.byteLength;
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
  }
  const text = Buffer.from(`{${entries.join(',')}}`);
  const length = Math.ceil(text.length / 8) * 8;
  if (length > MAX_HEADER_BYTES) {
    const [expected, received] = [`at most ${MAX_HEADER_BYTES} bytes`, `${length} bytes`];
    throw new CheckpointError({ code: 'too-large', file, expected, of: 'the header', received, fix });
  }
  const header = Buffer.alloc(8 + length, ' ');
  header.writeBigUInt64LE(BigInt(length));
  text.copy(header, 8);
  return { header, parts: sorted.map(([, { bytes }]) => bytes) };
}

/**
 * Reads the header's length from the file's first 8 bytes.
 * @throws CheckpointError `bad-header`, before that length is allocated
 */
export function decodeLength(prefix: Uint8Array, fileBytes: number, file: string): number {
  if (fileBytes < 8) refuseHeader(file, 'at least 8 bytes', 'the file', `${fileBytes} bytes`);
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  const limit = Math.min(MAX_HEADER_BYTES, fileBytes - 8);
  if (length > BigInt(limit)) {
    refuseHeader(file, `at most ${limit}`, 'the header length', String(length));
  }
  return Number(length);
}

/**
 * Returns each tensor's place in data order. The places cover `dataBytes` without gaps or overlaps.
 * @throws CheckpointError `bad-header`, `bad-tensor`
 */
export function decodeHeader(
  header: Uint8Array,
  dataBytes: number,
  file: string,
): { places: Place[]; metadata: Map<string, string> } {
  const parsed = parseHeader(header, file);
  const places: Place[] = [];
  const metadata = new Map<string, string>();
  for (const [name, entry] of Object.entries(parsed)) {
    if (name === METADATA) {
      if (!isObject(entry)) refuseHeader(file, 'an object of strings', METADATA, show(entry));
      for (const [key, text] of Object.entries(entry)) {
        if (typeof text !== 'string') refuseHeader(file, 'a string', `${METADATA}.${show(key)}`, show(text));
        metadata.set(key, text);
      }
    } else {
      places.push(decodePlace(name, entry, dataBytes, file));
    }
  }
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const place of places) {
    if (place.begin !== end) {
      const kind = place.begin < end ? 'an overlap' : 'a gap';
      const expected = `${end}, the end of the previous tensor,`;
      refuseTensor(file, place.name, expected, 'the begin in data_offsets', `${place.begin} (${kind})`);
    }
    end = place.end;
  }
  if (end !== dataBytes) {
    refuseHeader(file, `${end} bytes`, 'the data after the header', `${dataBytes} bytes (trailing bytes)`);
  }
  return { places, metadata };
}

function parseHeader(header: Uint8Array, file: string): object {
  let parsed: unknown;
  try {
    parsed = parseJson(header);
  } catch (thrown) {
    refuseHeader(file, 'JSON with unique keys and within bounds', 'the header', show(String(thrown)));
  }
  if (header[0] !== 0x7b || !isObject(parsed))
    refuseHeader(file, 'a JSON object', 'the header', show(parsed));
  return parsed;
}

function decodePlace(name: string, entry: unknown, dataBytes: number, file: string): Place {
  const refuse = (expected: string, of: string, received: unknown): never =>
    refuseTensor(file, name, expected, of, show(received));
  if (!isUsableName(name)) refuse('a well-formed, unreserved name', 'the tensor', name);
  if (!isObject(entry) || Object.keys(entry).sort().join() !== 'data_offsets,dtype,shape') {
    return refuse('an object of dtype, shape and data_offsets', 'its entry', entry);
  }
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>;
  if (!isDtype(dtype)) return refuse(`one of ${DTYPES.join(', ')}`, 'dtype', dtype);
  const bytes = tensorBytes(dtype, shape);
  if (bytes === undefined) return refuse('non-negative integers with a safe product', 'shape', shape);
  if (
    !Array.isArray(offsets) ||
    offsets.length !== 2 ||
    !offsets.every((o) => Number.isSafeInteger(o) && o >= 0)
  ) {
    return refuse('two non-negative integers', 'data_offsets', offsets);
  }
  const [begin, end] = offsets as [number, number];
  if (end - begin !== bytes) {
    return refuse(`a span of ${bytes} bytes (${dtype} ${show(shape)})`, 'data_offsets', offsets);
  }
  if (end > dataBytes) return refuse(`an end of at most ${dataBytes}`, 'data_offsets', offsets);
  return { name, dtype, shape: shape as number[], begin, end };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuseHeader(file: string, expected: string, of: string, received: string): never {
  throw new CheckpointError({ code: 'bad-header', file, expected, of, received, fix: FIX });
}

function refuseTensor(file: string, tensor: string, expected: string, of: string, received: string): never {
  throw new CheckpointError({ code: 'bad-tensor', file, tensor, expected, of, received, fix: FIX });
}
