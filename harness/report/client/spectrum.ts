/** The spectrum of a sound in time. */

/**
 * A radix-2 Cooley–Tukey transform in place (https://doi.org/10.1090/S0025-5718-1965-0178586-1).
 * @param real and `imaginary` have the same length, a power of two
 */
export function transform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  for (let at = 1, mirrored = 0; at < size; at += 1) {
    let bit = size >> 1;
    for (; mirrored & bit; bit >>= 1) mirrored ^= bit;
    mirrored ^= bit;
    if (at >= mirrored) continue;
    [real[at], real[mirrored]] = [real[mirrored]!, real[at]!];
    [imaginary[at], imaginary[mirrored]] = [imaginary[mirrored]!, imaginary[at]!];
  }
  for (let length = 2; length <= size; length *= 2) {
    const half = length / 2;
    for (let start = 0; start < size; start += length)
      for (let at = 0; at < half; at += 1) {
        const angle = (-2 * Math.PI * at) / length;
        const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
        const [even, odd] = [start + at, start + at + half];
        const re = real[odd]! * cosine - imaginary[odd]! * sine;
        const im = real[odd]! * sine + imaginary[odd]! * cosine;
        real[odd] = real[even]! - re;
        imaginary[odd] = imaginary[even]! - im;
        real[even]! += re;
        imaginary[even]! += im;
      }
  }
}

/** Magnitudes in decibels, frame by frame; each frame has `bins` values from low to high frequencies. */
export interface Spectrogram {
  readonly frames: number;
  readonly bins: number;
  readonly decibels: Float32Array;
}

/**
 * Frames under a Hann window.
 * @param samples from -1 to 1
 * @param size of a frame, a power of two
 * @param frames at most about so many
 */
export function spectrogram(samples: Float32Array, size = 256, frames = 400): Spectrogram {
  const hop = Math.max(1, Math.floor(Math.max(size, samples.length - size) / frames), Math.floor(size / 4));
  const count = Math.max(1, Math.floor((samples.length - size) / hop) + 1);
  const bins = size / 2;
  const decibels = new Float32Array(count * bins);
  const [real, imaginary] = [new Float64Array(size), new Float64Array(size)];
  for (let frame = 0; frame < count; frame += 1) {
    imaginary.fill(0);
    for (let at = 0; at < size; at += 1) {
      const weight = 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / size);
      real[at] = (samples[frame * hop + at] ?? 0) * weight;
    }
    transform(real, imaginary);
    for (let bin = 0; bin < bins; bin += 1) {
      const magnitude = Math.hypot(real[bin]!, imaginary[bin]!) / (size / 4);
      decibels[frame * bins + bin] = 20 * Math.log10(Math.max(magnitude, 1e-6));
    }
  }
  return { frames: count, bins, decibels };
}
