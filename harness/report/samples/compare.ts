/** Compares two images pixel by pixel. */
import pixelmatch from 'pixelmatch';
import { PIXEL_MATCH } from './pixel-match.ts';
import type { Pixels } from './png.ts';

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
    };

export function compare(a: Pixels, b: Pixels): Comparison {
  if (a.width !== b.width || a.height !== b.height) return { kind: 'sizes', a: size(a), b: size(b) };
  const total = a.width * a.height;
  if (Buffer.compare(a.data, b.data) === 0) return { kind: 'identical', total };
  const differing = pixelmatch(a.data, b.data, undefined, a.width, a.height, PIXEL_MATCH);
  const widest = a.data.reduce((most, level, i) => Math.max(most, Math.abs(level - b.data[i]!)), 0);
  return { kind: 'differing', differing, total, widest };
}

function size(pixels: Pixels): string {
  return `${pixels.width}×${pixels.height}`;
}
