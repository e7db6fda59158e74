/**
 * A folder of images in sd-scripts' layout, as numbers to train on.
 *
 * A sub-folder `N_name` is repeated N times; images that lie in the folder itself count once. PNG, JPEG and
 * WebP are read; other files (captions, caches) and names with a leading dot are passed over. A name that
 * begins with a digit and `-` or `_`, such as `7-0012.png`, labels its image with that class; any other
 * image has no class. All orders are by name, so equal folders give equal results on every machine.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { NO_CLASS, SIZE } from './model.ts';

export interface Image {
  /** The path inside the folder, with `/`. */
  readonly id: string;
  /** 0 … 9, or `NO_CLASS`. */
  readonly label: number;
  /** 16 rows of 16 values, −1 (black) … 1 (white). */
  readonly pixels: Float32Array;
}

export interface ImageFolder {
  readonly images: readonly Image[];
  /** An epoch in order, repeats written out; ids such as `10_inverted/7-0012.png#3`, counted from 1. */
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
 * Reads the images of the folder.
 * @param most read no more than the first ones; all by default
 * @throws {Error} one line that names the folder or file at fault: not there, without images, badly named,
 * a symbolic link, unreadable, more than 32 MiB or 50 megapixels, or too many
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

/** Shrinks or enlarges to 16×16, cropping what is not square; transparent parts become black. */
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
      `${folder} holds ${found.length} images, ${entries} with repeats: ` +
        `at most ${MAX_PICTURES} and ${MAX_ORDER} can be used; take some away`,
    );
  }
  return found;
}

/** Names of images and folders, sorted by code unit. */
async function list(folder: string): Promise<{ files: string[]; folders: string[] }> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read the image folder ${folder}: ${error.code}; give a folder of images`);
  });
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) folders.push(entry.name);
    else if (entry.isFile() && PICTURE_FILE.test(entry.name)) files.push(entry.name);
    else if (entry.isSymbolicLink()) {
      throw new Error(`${path.join(folder, entry.name)} is a symbolic link; put the images themselves there`);
    }
  }
  return { files: files.sort(), folders: folders.sort() };
}

function repeatsOf(name: string, where: string): number {
  const text = REPEATED.exec(name)?.groups?.repeats;
  const repeats = Number(text);
  if (text === undefined || repeats < 1 || repeats > MAX_REPEATS) {
    throw new Error(
      `cannot tell how often to repeat ${where}: name it like 10_name, with a number from 1 to ${MAX_REPEATS}`,
    );
  }
  return repeats;
}

function emptyFolder(folder: string): Error {
  return new Error(
    `${folder} holds no image; put .png, .jpg or .webp files there or in sub-folders such as 10_name`,
  );
}

async function readImage(file: string): Promise<Float32Array> {
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) throw new Error(`${size} bytes, at most ${MAX_FILE_BYTES} are read`);
    const image = sharp(await readFile(file), { limitInputPixels: MAX_PIXELS, failOn: 'error' });
    const { format } = await image.metadata();
    // Other formats that sharp knows, such as SVG, would let an image refer to further files.
    if (!FORMATS.includes(format)) throw new Error(`its content is ${format}, not PNG, JPEG or WebP`);
    return await toPixels(image);
  } catch (error) {
    const why = (error as Error).message.split('\n')[0];
    throw new Error(`cannot read image ${file}: ${why}; fix it or take it away`);
  }
}
