/** Compares two images pixel by pixel. */
import pixelmatch from 'pixelmatch';
import type { Pixels } from './png.ts';

/**
 * Defines a differing pixel, because pixelmatch's defaults and colour metric (OKLab since version 7) change between
 * versions. With threshold 0 any difference counts, even one level of one channel, so the metric does not matter. Antialiased pixels count. Transparent pixels are
 * compared over a checkerboard, so two that are both invisible count as the same.
 */
const MATCH = {
  threshold: 0,
  includeAA: true,
  checkerboard: true,
  alpha: 0.15,
  diffColor: [112, 72, 232],
} as const;

export type Comparison =
  | { readonly kind: 'identical'; readonly total: number }
  | { readonly kind: 'sizes'; readonly a: string; readonly b: string }
  | {
      readonly kind: 'differing';
      /** 0 if only invisible pixels differ. */
      readonly differing: number;
      readonly total: number;
      /** The largest difference in one channel of one pixel, of 255. */
      readonly widest: number;
      /** `a` in pale grey, differing pixels in violet. */
      readonly image: Pixels;
    };

export function compare(a: Pixels, b: Pixels): Comparison {
  if (a.width !== b.width || a.height !== b.height) return { kind: 'sizes', a: size(a), b: size(b) };
  const total = a.width * a.height;
  if (Buffer.compare(a.data, b.data) === 0) return { kind: 'identical', total };
  const data = new Uint8Array(a.data.length);
  const options = { ...MATCH, diffColor: [...MATCH.diffColor] as [number, number, number] };
  const differing = pixelmatch(a.data, b.data, data, a.width, a.height, options);
  const widest = a.data.reduce((most, level, i) => Math.max(most, Math.abs(level - b.data[i]!)), 0);
  return { kind: 'differing', differing, total, widest, image: { width: a.width, height: a.height, data } };
}

function size(pixels: Pixels): string {
  return `${pixels.width}×${pixels.height}`;
}
