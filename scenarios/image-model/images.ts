/**
 * Reads a folder of images in sd-scripts' layout.
 *
 * Images in a sub-folder `N_name` are repeated N times; images in the folder itself count once. PNG, JPEG and
 * WebP files are read; other files, such as captions and caches, and names with a leading dot are ignored. A
 * name that starts with a digit and `-` or `_`, such as `7-0012.png`, labels the image with that class; other
 * images have no class. Everything is sorted by name, so equal folders give equal results on every machine.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { NO_CLASS, SIZE } from './model.ts';

export interface Image {
  /** Path within the folder, with `/`. */
  readonly id: string;
  /** 0 … 9, or `NO_CLASS`. */
  readonly label: number;
  /** 16 rows of 16 values, −1 (black) … 1 (white). */
  readonly pixels: Float32Array;
}

export interface ImageFolder {
  readonly images: readonly Image[];
  /** One epoch in order, with repeats expanded. Ids such as `10_inverted/7-0012.png#3` count from 1. */
  readonly order: readonly { readonly id: string; readonly image: Image }[];
}

const MAX_FILE_BYTES = 32 * 2 ** 20;
const MAX_PIXELS = 50_000_000;
const MAX_PICTURES = 10_000;
const MAX_REPEATS = 1000;
const MAX_ORDER = 1_000_000;

const PICTURE_FILE = /\.(?:png|jpe?g|webp)$/i;
const FORMATS: readonly string[] = ['png', 'jpeg', 'webp'];
const REPEATED = /^(?<repeats>\d{1,9})_./;
const LABELLED = /^(?<digit>[0-9])[-_]/;

/**
 * @param most how many images to read at most; default all
 * @throws {Error} with one line that names the offending folder or file: missing, empty, badly named, a
 * symbolic link, unreadable, larger than 32 MiB or 50 megapixels, or too many
 */
export async function readImages(folder: string, most = Number.POSITIVE_INFINITY): Promise<ImageFolder> {
  const found = (await findImages(folder)).slice(0, most);
  const images: Image[] = [];
  const order: { id: string; image: Image }[] = [];
  for (const { id, repeats } of found) {
    const digit = LABELLED.exec(path.posix.basename(id))?.groups?.digit;
    const pixels = await readImage(path.join(folder, id));
    const image = { id, label: digit === undefined ? NO_CLASS : Number(digit), pixels };
    images.push(image);
    for (let repeat = 1; repeat <= repeats; repeat += 1) order.push({ id: `${id}#${repeat}`, image });
  }
  return { images, order };
}

/** Resizes to 16×16 and crops to a square; transparent parts become black. */
export async function toPixels(image: Sharp): Promise<Float32Array> {
  const grey = await image
    .autoOrient()
    .flatten({ background: 'black' })
    .resize(SIZE, SIZE, { fit: 'cover', kernel: 'cubic' })
    .toColourspace('b-w')
    .raw({ depth: 'uchar' })
    .toBuffer();
  return Float32Array.from(grey, (value) => value / 127.5 - 1);
}

async function findImages(folder: string): Promise<{ id: string; repeats: number }[]> {
  const { files, folders } = await list(folder);
  const found = files.map((id) => ({ id, repeats: 1 }));
  for (const name of folders) {
    const inside = path.join(folder, name);
    const repeats = repeatsOf(name, inside);
    const { files } = await list(inside);
    if (files.length === 0) throw emptyFolder(inside);
    found.push(...files.map((file) => ({ id: `${name}/${file}`, repeats })));
  }
  if (found.length === 0) throw emptyFolder(folder);
  const entries = found.reduce((sum, { repeats }) => sum + repeats, 0);
  if (found.length > MAX_PICTURES || entries > MAX_ORDER) {
    throw new Error(
      `${folder} contains ${found.length} images, ${entries} with repeats: ` +
        `at most ${MAX_PICTURES} and ${MAX_ORDER} are allowed; remove some`,
    );
  }
  return found;
}

/** Names of image files and folders, sorted by code unit. */
async function list(folder: string): Promise<{ files: string[]; folders: string[] }> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read the image folder ${folder}: ${error.code}; pass a folder of images`);
  });
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) folders.push(entry.name);
    else if (entry.isFile() && PICTURE_FILE.test(entry.name)) files.push(entry.name);
    else if (entry.isSymbolicLink()) {
      throw new Error(`${path.join(folder, entry.name)} is a symbolic link; copy the images instead`);
    }
  }
  return { files: files.sort(), folders: folders.sort() };
}

function repeatsOf(name: string, where: string): number {
  const text = REPEATED.exec(name)?.groups?.repeats;
  const repeats = Number(text);
  if (text === undefined || repeats < 1 || repeats > MAX_REPEATS) {
    throw new Error(
      `cannot determine how often to repeat ${where}: name it like 10_name, with a number from 1 to ${MAX_REPEATS}`,
    );
  }
  return repeats;
}

function emptyFolder(folder: string): Error {
  return new Error(
    `${folder} contains no images; add .png, .jpg or .webp files to it or to sub-folders such as 10_name`,
  );
}

async function readImage(file: string): Promise<Float32Array> {
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) throw new Error(`${size} bytes, more than the limit of ${MAX_FILE_BYTES}`);
    const image = sharp(await readFile(file), { limitInputPixels: MAX_PIXELS, failOn: 'error' });
    const { format } = await image.metadata();
    // Other formats that sharp reads, such as SVG, could refer to other files.
    if (!FORMATS.includes(format)) throw new Error(`its content is ${format}, not PNG, JPEG or WebP`);
    return await toPixels(image);
  } catch (error) {
    const why = (error as Error).message.split('\n')[0];
    throw new Error(`cannot read image ${file}: ${why}; fix or remove it`);
  }
}
