/** Encodes WAV files (RIFF, as in RFC 2361) of 16-bit PCM samples. */

const HEADER_BYTES = 44;
const PCM = 1;
const BYTES = 2;

/** @param data little-endian 16-bit samples, channels interleaved */
export function encodeWav(data: Uint8Array, sampleRate: number, channels: number): Buffer {
  const file = Buffer.alloc(HEADER_BYTES + data.length);
  const tag = (text: string, at: number): number => file.write(text, at, 'latin1');
  tag('RIFF', 0);
  file.writeUInt32LE(file.length - 8, 4);
  tag('WAVE', 8);
  tag('fmt ', 12);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(PCM, 20);
  file.writeUInt16LE(channels, 22);
  file.writeUInt32LE(sampleRate, 24);
  file.writeUInt32LE(sampleRate * channels * BYTES, 28);
  file.writeUInt16LE(channels * BYTES, 32);
  file.writeUInt16LE(8 * BYTES, 34);
  tag('data', 36);
  file.writeUInt32LE(data.length, 40);
  file.set(data, HEADER_BYTES);
  return file;
}

/** 1 becomes 32767, and what is louder is clipped. */
export const toInt16 = (values: Float32Array): Int16Array =>
  Int16Array.from(values, (value) => Math.round(Math.max(-1, Math.min(1, value)) * 32_767));

export function littleEndian(samples: Int16Array): Buffer {
  const bytes = Buffer.alloc(samples.length * BYTES);
  samples.forEach((sample, at) => {
    bytes.writeInt16LE(sample, at * BYTES);
  });
  return bytes;
}
