/**
 * A checkpoint is a directory: `<stem>.safetensors` files hold tensors (`model`, `optimizer`, `ema` …), `state.json`
 * holds everything else, and `manifest.json` lists the size and SHA-256 of each file. The directory appears once it is
 * complete and on disk, or not at all.
 */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { refuseExisting, writeDirectory } from './directory.ts';
import { CheckpointError, type CheckpointErrorCode, ioError, show } from './error.ts';
import { readSmall } from './file.ts';
import { encodeHeader } from './header.ts';
import {
  decodeManifest,
  encodeManifest,
  type Files,
  MANIFEST,
  MAX_MANIFEST_BYTES,
  STATE,
  stemOf,
  tensorFile,
} from './manifest.ts';
import { type Dtype, readSafetensors, type TensorMap } from './safetensors.ts';
import { decodeState, encodeState, MAX_STATE_BYTES, type TrainingState } from './state.ts';

export { CheckpointError } from './error.ts';

/** A checkpoint in memory: what {@link saveCheckpoint} writes and {@link loadCheckpoint} returns. */
export interface Checkpoint {
  /** Tensors by file stem (letters, digits, `_` and `-`), such as `model`, `optimizer` or `ema`. */
  readonly tensors: Readonly<Record<string, TensorMap>>;
  /** Everything that is not a tensor. */
  readonly state: TrainingState;
}

/**
 * Saves a checkpoint atomically and durably. All files are written and synced in a hidden directory beside the
 * target, which is then renamed. An existing target is refused, never replaced. The tensors must not change until
 * the promise settles. A killed process leaves at most `.<name>.<random>.tmp` behind, which a save beside it removes an
 * hour later.
 * @param directory where the checkpoint will be; its parent must exist
 * @returns the size of all files
 * @throws {@link CheckpointError} `exists`, `bad-name`, `bad-tensor`, `bad-state` or `too-large` before anything is
 *   written; `io`, `missing-file` (no parent) or `exists` (another process came first) with the temporary directory
 *   removed; `not-durable` if the checkpoint is there, but a power failure may still lose it
 * @example
 * ```ts
 * import { saveCheckpoint, toTensorMap } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const weight = tf.variable(tf.zeros([4, 2]));
 * await saveCheckpoint('step-100', {
 *   tensors: { model: await toTensorMap([['dense.weight', weight]]) },
 *   state: { format: 1, step: 100, schedules: {}, optimizers: {}, random: {}, data: {} },
 * });
 * ```
 */
export async function saveCheckpoint(
  directory: string,
  { tensors, state }: Checkpoint,
): Promise<{ bytes: number }> {
  const target = resolve(directory);
  await refuseExisting(target);
  const contents = new Map<string, Uint8Array[]>();
  for (const [stem, map] of Object.entries(tensors)) {
    const file = tensorFile(stem);
    if (stemOf(file) === undefined) throw stemError(target, stem);
    const { header, parts } = encodeHeader(map, new Map(), join(target, file));
    contents.set(file, [header, ...parts]);
  }
  contents.set(STATE, [encodeState(state, join(target, STATE))]);

  return writeDirectory(target, contents, (files) => ({ file: MANIFEST, bytes: encodeManifest(files) }));
}

/**
 * Loads a whole checkpoint or nothing. Manifest, sizes, hashes, headers and state are verified before anything is
 * returned. Files that the manifest does not list are ignored, except tensor files: these are refused, since they
 * suggest that two checkpoints were mixed. The directory may be a link; its files may not.
 * @throws {@link CheckpointError} with any code but `exists`
 * @example
 * ```ts
 * import { loadCheckpoint, toTensor } from 'resumeproof';
 *
 * const { tensors, state } = await loadCheckpoint('step-100');
 * const weight = toTensor(tensors.model!.get('dense.weight')!);
 * console.log(state.step, weight.shape);
 * ```
 */
export async function loadCheckpoint(directory: string): Promise<Checkpoint> {
  const at = (file: string) => join(directory, file);
  const files = decodeManifest(await readSmall(at(MANIFEST), undefined, MAX_MANIFEST_BYTES), at(MANIFEST));
  await refuseUnlisted(directory, files);
  let state: TrainingState | undefined;
  const tensors: Record<string, TensorMap> = {};
  // Reads the state first: it is small, so a refusal is cheap.
  for (const [file, digest] of [...files].sort(([a], [b]) => Number(b === STATE) - Number(a === STATE))) {
    const stem = stemOf(file);
    if (stem === undefined) state = decodeState(await readSmall(at(file), digest, MAX_STATE_BYTES), at(file));
    else tensors[stem] = (await readSafetensors(at(file), digest)).tensors;
  }
  return { tensors, state: state! };
}

/** A tensor that a trainer expects in a checkpoint. */
export interface ExpectedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: Dtype;
}

/**
 * Checks that a file holds exactly the tensors that a trainer expects. Call it for every file before you assign
 * anything: a refused load then leaves the trainer unchanged.
 * @param found the file's tensors; undefined where the checkpoint has no such file
 * @param expected every tensor that must be there, with its shape and dtype
 * @param file the file's name, for the message
 * @param options.allowExtra whether other tensors may be there too; false by default
 * @throws {@link CheckpointError} `missing-file`, `missing-tensor`, `wrong-dtype`, `wrong-shape` or `extra-tensor`
 * @example
 * ```ts
 * import { loadCheckpoint, requireTensors } from 'resumeproof';
 *
 * const { tensors } = await loadCheckpoint('step-100');
 * requireTensors(tensors.model, [{ name: 'dense.weight', shape: [4, 2], dtype: 'F32' }], 'step-100: model');
 * ```
 */
export function requireTensors(
  found: TensorMap | undefined,
  expected: Iterable<ExpectedTensor>,
  file: string,
  options: { allowExtra?: boolean } = {},
): void {
  const fix = 'resume with the model and optimizer that wrote the checkpoint; nothing was restored';
  if (!found) {
    const of = 'the checkpoint';
    throw new CheckpointError({
      code: 'missing-file',
      file,
      expected: 'that file',
      of,
      received: 'none',
      fix,
    });
  }
  const extra = new Set(found.keys());
  for (const { name, shape, dtype } of expected) {
    extra.delete(name);
    const tensor = found.get(name);
    const refuse = (code: CheckpointErrorCode, of: string, wanted: string, received: string): never => {
      throw new CheckpointError({ code, file, tensor: name, expected: wanted, of, received, fix });
    };
    if (!tensor) {
      refuse('missing-tensor', 'it', `${dtype} ${show(shape)}`, 'no such tensor');
      continue;
    }
    if (tensor.dtype !== dtype) refuse('wrong-dtype', 'dtype', dtype, tensor.dtype);
    if (tensor.shape.length !== shape.length || tensor.shape.some((size, axis) => size !== shape[axis])) {
      refuse('wrong-shape', 'shape', show(shape), show(tensor.shape));
    }
  }
  const [tensor] = extra;
  if (tensor === undefined || options.allowExtra) return;
  const received = extra.size === 1 ? 'this one' : `this one and ${extra.size - 1} more`;
  const of = 'tensors that the trainer does not have';
  throw new CheckpointError({ code: 'extra-tensor', file, tensor, expected: 'none', of, received, fix });
}

async function refuseUnlisted(directory: string, files: Files): Promise<void> {
  const names = await readdir(directory).catch((thrown: unknown) => {
    throw ioError(directory, 'listing the checkpoint', thrown);
  });
  const file = names.find((name) => name.endsWith('.safetensors') && !files.has(name));
  if (file === undefined) return;
  const [expected, received] = ['only files that the manifest lists', 'one more tensor file'];
  const fix = 'two checkpoints may be mixed: use another checkpoint or remove the file';
  const path = join(directory, file);
  throw new CheckpointError({
    code: 'extra-file',
    file: path,
    expected,
    of: 'the checkpoint',
    received,
    fix,
  });
}

function stemError(file: string, stem: string): CheckpointError {
  const expected = '1 to 64 letters, digits, _ or -';
  const fix = 'rename the tensor file';
  return new CheckpointError({
    code: 'bad-name',
    file,
    expected,
    of: 'a tensor file',
    received: show(stem),
    fix,
  });
}
