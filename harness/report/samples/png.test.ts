import sharp from 'sharp';
import { expect, test } from 'vitest';
import { png } from '../testing/build.ts';
import { decode } from './png.ts';

test('grey, palette, 16-bit and transparent PNGs all decode to RGBA', async () => {
  const base = sharp(await png(8, 8, 3));
  const kinds = [
    base.clone().greyscale().png(),
    base.clone().png({ palette: true }),
    base.clone().toColourspace('rgb16').png(),
    base.clone().ensureAlpha(0.5).png(),
  ];
  for (const kind of kinds) {
    expect((await decode(await kind.toBuffer(), 1000)).data).toHaveLength(8 * 8 * 4);
  }
});
