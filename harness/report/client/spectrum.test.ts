import fc from 'fast-check';
import { expect, test } from 'vitest';
import { spectrogram, transform } from './spectrum.ts';

test('the transform equals its definition', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 16, maxLength: 16 }),
      (values) => {
        const [real, imaginary] = [Float64Array.from(values), new Float64Array(16)];
        transform(real, imaginary);
        for (let bin = 0; bin < 16; bin += 1) {
          const angle = (at: number): number => (-2 * Math.PI * at * bin) / 16;
          expect(real[bin]).toBeCloseTo(
            values.reduce((sum, value, at) => sum + value * Math.cos(angle(at)), 0),
            9,
          );
          expect(imaginary[bin]).toBeCloseTo(
            values.reduce((sum, value, at) => sum + value * Math.sin(angle(at)), 0),
            9,
          );
        }
      },
    ),
  );
});

test('a pure tone is loudest at its frequency, a full one at 0 dB, silence far below', () => {
  const tone = Float32Array.from({ length: 4000 }, (_, at) => Math.sin((2 * Math.PI * 32 * at) / 256));
  const { frames, bins, decibels } = spectrogram(tone);
  for (let frame = 0; frame < frames; frame += 1) {
    const own = decibels.subarray(frame * bins, (frame + 1) * bins);
    const loudest = own.indexOf(Math.max(...own));
    expect(loudest).toBe(32);
    expect(own[loudest]).toBeCloseTo(0, 1);
  }
  expect(Math.max(...spectrogram(new Float32Array(10)).decibels)).toBe(-120);
});
