import { mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { readImages } from './images.ts';
import { NO_CLASS } from './model.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resumeproof-images-'));
  onTestFinished(() => rm(folder, { recursive: true }));
});

const at = (file: string): string => path.join(folder, file);

/** Writes a grey square; the file name determines the format. */
async function put(file: string, grey = 0, size = 16): Promise<void> {
  await mkdir(path.dirname(at(file)), { recursive: true });
  const background = { r: grey, g: grey, b: grey };
  await sharp({ create: { width: size, height: size, channels: 3, background } }).toFile(at(file));
}

/** The error's text, which must be a single line. */
async function refusal(): Promise<string> {
  const error = await readImages(folder).then(
    () => expect.fail('the folder was accepted'),
    (reason: Error) => reason,
  );
  expect(error.message).not.toContain('\n');
  return error.message;
}

/** Expects a refusal with sharp's own reason in the middle. */
async function expectUnreadable(name: string): Promise<void> {
  const [start, end] = [`cannot read image ${at(name)}: `, '; fix or remove it'];
  const text = await refusal();
  expect([text.slice(0, start.length), text.slice(-end.length)]).toEqual([start, end]);
  expect(text.length, 'the reason').toBeGreaterThan(start.length + end.length);
}

describe("sd-scripts' layout", () => {
  test('repeats come from folder names, classes from file names, and everything is sorted by name', async () => {
    for (const file of ['3_b/7-0012.png', '2_a/x.png', '2_a/0_1.webp', 'loose.jpg', '10_c/z.jpeg']) {
      await put(file);
    }
    const { images, order } = await readImages(folder);
    expect(images.map(({ id, label }) => [id, label])).toEqual([
      ['loose.jpg', NO_CLASS],
      ['10_c/z.jpeg', NO_CLASS],
      ['2_a/0_1.webp', 0],
      ['2_a/x.png', NO_CLASS],
      ['3_b/7-0012.png', 7],
    ]);
    expect(order.map(({ id }) => id)).toEqual([
      'loose.jpg#1',
      ...Array.from({ length: 10 }, (_, repeat) => `10_c/z.jpeg#${repeat + 1}`),
      '2_a/0_1.webp#1',
      '2_a/0_1.webp#2',
      '2_a/x.png#1',
      '2_a/x.png#2',
      '3_b/7-0012.png#1',
      '3_b/7-0012.png#2',
      '3_b/7-0012.png#3',
    ]);
    expect(order.at(-1)!.image).toBe(images.at(-1));
  });

  test('only a single digit before - or _ is a class', async () => {
    for (const file of ['0-a.png', '9_a.png', '5.png', '12-a.png', 'a-3.png', '3a.png']) await put(file);
    const { images } = await readImages(folder);
    expect(Object.fromEntries(images.map(({ id, label }) => [id, label]))).toEqual({
      '0-a.png': 0,
      '9_a.png': 9,
      '5.png': NO_CLASS,
      '12-a.png': NO_CLASS,
      'a-3.png': NO_CLASS,
      '3a.png': NO_CLASS,
    });
  });

  test('captions, caches, hidden files and nested folders are ignored', async () => {
    await put('1_a/a.png');
    await writeFile(at('1_a/a.txt'), 'a digit');
    await writeFile(at('1_a/a.npz'), 'cache');
    await writeFile(at('.DS_Store'), '');
    await put('.thumbnails/b.png');
    await put('1_a/.c.png');
    await put('1_a/deeper/d.png');
    const { order } = await readImages(folder);
    expect(order.map(({ id }) => id)).toEqual(['1_a/a.png#1']);
  });

  test('pixels are 16×16, from −1 for black to 1 for white', async () => {
    await put('black.png', 0, 40);
    await put('grey.png', 51, 3);
    await put('white.png', 255);
    const { images } = await readImages(folder);
    const values = images.map(({ pixels }) => [pixels.length, ...new Set(pixels)]);
    expect(values).toEqual([
      [256, -1],
      [256, Math.fround(51 / 127.5 - 1)],
      [256, 1],
    ]);
  });

  test('images are cropped to the square in the middle, and transparent parts become black', async () => {
    // White with black ends, and fully transparent white.
    const white = await sharp({ create: { width: 16, height: 16, channels: 3, background: 'white' } })
      .png()
      .toBuffer();
    const wide = sharp({ create: { width: 48, height: 16, channels: 3, background: 'black' } });
    await wide.composite([{ input: white, left: 16, top: 0 }]).toFile(at('wide.png'));
    const clear = { r: 255, g: 255, b: 255, alpha: 0 };
    await sharp({ create: { width: 16, height: 16, channels: 4, background: clear } }).toFile(
      at('clear.png'),
    );
    const { images } = await readImages(folder);
    expect(images.map(({ id, pixels }) => [id, ...new Set(pixels)])).toEqual([
      ['clear.png', -1],
      ['wide.png', 1],
    ]);
  });
});

describe('unusable input is refused in one line that names it', () => {
  test('a folder that does not exist', async () => {
    folder = at('nowhere');
    expect(await refusal()).toBe(`cannot read the image folder ${folder}: ENOENT; pass a folder of images`);
    folder = path.dirname(folder);
  });

  test('a folder or sub-folder without images', async () => {
    await writeFile(at('notes.txt'), 'nothing here');
    expect(await refusal()).toContain(`${folder} contains no images; add .png, .jpg or .webp files to it`);
    await put('a.png');
    await mkdir(at('3_empty'));
    expect(await refusal()).toContain(`${at('3_empty')} contains no images`);
  });

  test.each([
    'digits',
    '0_digits',
    '1001_digits',
    '-3_digits',
    '1.5_digits',
    '1e2_digits',
    '5_',
    '5',
    ' 5_x',
  ])('a sub-folder named %j', async (name) => {
    await put(`${name}/a.png`);
    expect(await refusal()).toBe(
      `cannot determine how often to repeat ${at(name)}: name it like 10_name, with a number from 1 to 1000`,
    );
  });

  test('a symbolic link to an image, to a folder, to nothing', async () => {
    await put('1_a/a.png');
    for (const target of [at('1_a/a.png'), at('1_a'), '/nowhere']) {
      await symlink(target, at('link.png'));
      expect(await refusal(), target).toBe(`${at('link.png')} is a symbolic link; copy the images instead`);
      await rm(at('link.png'));
    }
    await symlink('/etc/passwd', at('1_a/b.png'));
    expect(await refusal()).toContain(`${at('1_a/b.png')} is a symbolic link`);
  });

  test('an SVG named like a PNG', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="/etc/passwd"/></svg>';
    await writeFile(at('a.png'), svg);
    expect(await refusal()).toBe(
      `cannot read image ${at('a.png')}: its content is svg, not PNG, JPEG or WebP; fix or remove it`,
    );
  });

  test.each([
    ['a.png', 0.5],
    ['a.webp', 0.5],
    ['a.jpg', 0.5],
    // Cut within the header: sharp's message has several lines.
    ['a.jpg', 0.01],
  ])('%s, truncated to %d of its length', async (name, share) => {
    const noise = { type: 'gaussian' as const, mean: 128, sigma: 60 };
    const background = { r: 0, g: 0, b: 0 };
    await sharp({ create: { width: 64, height: 64, channels: 3, background, noise } }).toFile(at(name));
    const { length } = await readFile(at(name));
    await truncate(at(name), Math.floor(length * share));
    await expectUnreadable(name);
  });

  test.each([
    ['an empty file', Buffer.alloc(0)],
    ['text', Buffer.from('GIF89a, or so they say')],
    ['a signature alone', Buffer.from('89504e470d0a1a0a', 'hex')],
  ])('%s', async (_what, content) => {
    await writeFile(at('a.png'), content);
    await expectUnreadable('a.png');
  });

  test('a file larger than 32 MiB', async () => {
    await writeFile(at('a.png'), '');
    await truncate(at('a.png'), 2 ** 25 + 1);
    expect(await refusal()).toContain(
      `cannot read image ${at('a.png')}: 33554433 bytes, more than the limit of 33554432`,
    );
  });

  test('a small file that decodes to more than 50 megapixels', async () => {
    const background = { r: 0, g: 0, b: 0 };
    await sharp({ create: { width: 10_000, height: 5_001, channels: 3, background } }).toFile(at('bomb.png'));
    expect(await refusal()).toContain(`cannot read image ${at('bomb.png')}: Input image exceeds pixel limit`);
  });

  test('more images than an epoch may have', async () => {
    await put('1000_a/0.png');
    const bytes = await readFile(at('1000_a/0.png'));
    await Promise.all(
      Array.from({ length: 1000 }, (_, index) => writeFile(at(`1000_a/1-${index}.png`), bytes)),
    );
    expect(await refusal()).toContain(`${folder} contains 1001 images, 1001000 with repeats: at most`);
  });
});
