/** Reads what a checkpoint holds, as far as its files have a known format: safetensors, JSON, TensorFlow.js' models. */
import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import { CheckpointError, ioError, show } from './error.ts';
import { readSmall } from './file.ts';
import type { TensorData } from './header.ts';
import { parseJson } from './json.ts';
import { hasShards, visitLayersModel } from './layers-model.ts';
import { visitSafetensors } from './safetensors.ts';
import { roomIn, scalarsIn } from './scalars.ts';
import { MAX_STATE_BYTES } from './state.ts';

/** What a checkpoint holds beside tensors. */
export interface Contents {
  /** Numbers, booleans and null of JSON files: `state/data/epoch`. */
  readonly values: ReadonlyMap<string, number | boolean | null>;
  readonly texts: ReadonlyMap<string, string>;
  /**
   * The most values that a tensor can have that is in the checkpoint and was not visited: in a list, in a text, or in a
   * file of an unknown format, with a byte for each.
   */
  readonly room: number;
}

/** So many small files are no checkpoint that a process of a test writes. */
const MAX_FILES = 10_000;

/**
 * Visits every tensor of a checkpoint, one after the other, and returns the rest. Names begin with the path of the file,
 * without its extension: `model/dense.weight`. A single file, and TensorFlow.js' `model.json`, add no name of their own.
 * A file that cannot be read counts as one of an unknown format. Follows no links.
 * @param checkpoint a file or a folder
 * @throws CheckpointError `missing-file` or `io` if the files cannot be listed, `too-large` if there are too many
 */
export async function readContents(
  checkpoint: string,
  visit: (name: string, tensor: TensorData) => void,
): Promise<Contents> {
  const values = new Map<string, number | boolean | null>();
  const texts = new Map<string, string>();
  let room = 0;
  const files = await listed(checkpoint);
  const shards = new Set<string>();

  const readTensors = async (file: string): Promise<void> => {
    const metadata = await visitSafetensors(file, (name, tensor) => visit(under(stemOf(file), name), tensor));
    for (const text of metadata.values()) room = Math.max(room, roomIn(text));
  };
  const readJson = async (file: string): Promise<void> => {
    const json = decoded(await readSmall(file, undefined, MAX_STATE_BYTES), file);
    if (hasShards(json)) {
      const folder = insideOf(dirname(file));
      const own = await visitLayersModel(json, file, (name, tensor) => visit(under(folder, name), tensor));
      for (const shard of own) shards.add(join(dirname(file), shard));
    }
    const found = scalarsIn(withoutShards(json));
    for (const [path, value] of found.values) values.set(under(stemOf(file), path), value);
    for (const [path, text] of found.texts) texts.set(under(stemOf(file), path), text);
    room = Math.max(room, found.room);
  };
  const insideOf = (place: string): string => relative(checkpoint, place).replaceAll(sep, '/');
  const stemOf = (file: string): string => insideOf(file).replace(/\.[^./]*$/, '');

  const unknown = new Map<string, number>();
  for (const [file, bytes] of files) {
    // A trainer that writes one file may name it like the folder that others write.
    const readers = READ[extname(file)] ?? (files.size === 1 ? ['tensors', 'json'] : []);
    if (!(await readAs(readers, { tensors: readTensors, json: readJson }, file))) unknown.set(file, bytes);
  }
  for (const [file, bytes] of unknown) if (!shards.has(file)) room = Math.max(room, bytes);
  return { values, texts, room };
}

type Format = 'tensors' | 'json';
const READ: Readonly<Record<string, readonly Format[]>> = { '.safetensors': ['tensors'], '.json': ['json'] };

/** Whether the file was read in one of the formats. */
async function readAs(
  formats: readonly Format[],
  read: Readonly<Record<Format, (file: string) => Promise<void>>>,
  file: string,
): Promise<boolean> {
  for (const format of formats) {
    try {
      await read[format](file);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof CheckpointError)) throw thrown;
    }
  }
  return false;
}

const under = (prefix: string, name: string): string => (prefix === '' ? name : `${prefix}/${name}`);

/** The list of shards describes what was visited. */
const withoutShards = (json: unknown): unknown =>
  hasShards(json) ? { ...(json as object), weightsManifest: null } : json;

function decoded(bytes: Uint8Array, file: string): unknown {
  try {
    return parseJson(bytes);
  } catch (cause) {
    const [expected, received] = ['JSON with unique keys and within bounds', show(String(cause))];
    const fix = 'use another checkpoint';
    throw new CheckpointError({ code: 'bad-state', file, expected, of: 'the file', received, fix, cause });
  }
}

/** The size of each file, links and pipes included, by path. */
async function listed(checkpoint: string): Promise<Map<string, number>> {
  try {
    const isFile = !(await lstat(checkpoint)).isDirectory();
    const entries = isFile
      ? [checkpoint]
      : (await readdir(checkpoint, { recursive: true, withFileTypes: true }))
          .filter((entry) => !entry.isDirectory())
          .map(({ parentPath, name }) => join(parentPath, name));
    if (entries.length > MAX_FILES) throw tooMany(checkpoint, entries.length);
    const sizes = new Map<string, number>();
    for (const file of entries.sort()) sizes.set(file, (await lstat(file)).size);
    return sizes;
  } catch (thrown) {
    throw ioError(checkpoint, `listing ${basename(checkpoint)}`, thrown);
  }
}

function tooMany(file: string, count: number): CheckpointError {
  const [expected, of] = [`at most ${MAX_FILES}`, 'the number of its files'];
  const fix = 'save fewer files in a checkpoint';
  return new CheckpointError({ code: 'too-large', file, expected, of, received: `${count}`, fix });
}
