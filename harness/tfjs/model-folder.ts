/**
 * Where `model.save()` and `loadLayersModel()` write and read a folder in Node: TensorFlow.js' own files,
 * `model.json` and `weights.bin`. The folder appears whole or not at all, and is checked before it is used;
 * the `file://` of tfjs-node writes one file after the other, in place.
 */
import { join, resolve } from 'node:path';
import { io } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { writeDirectory } from '../checkpoint/directory.ts';
import { CheckpointError, shorten, show } from '../checkpoint/error.ts';
import { readSmall, readVerified } from '../checkpoint/file.ts';
import { encodeJson, parseJson } from '../checkpoint/json.ts';
import { FIRST_ISSUE } from '../json/first-issue.ts';

const MODEL = 'model.json';
const WEIGHTS = 'weights.bin';
const MAX_MODEL_BYTES = 64 * 2 ** 20;
const BYTES = { float32: 4, int32: 4, bool: 1 } as const;

const specSchema = z.strictObject({
  name: z.string(),
  shape: z.array(z.int().nonnegative()),
  dtype: z.enum(['float32', 'int32', 'bool']),
  group: z.enum(['model', 'optimizer']).optional(),
});
const modelSchema = z.looseObject({
  modelTopology: z.looseObject({}),
  weightsManifest: z.tuple([
    z.strictObject({ paths: z.tuple([z.literal(WEIGHTS)]), weights: z.array(specSchema) }),
  ]),
});

/**
 * An IOHandler for `model.save()` and `tf.loadLayersModel()` that stores TensorFlow.js' own files, `model.json` and
 * `weights.bin`, in a folder. The folder appears complete or not at all, and is checked before it is used; the
 * `file://` handler of tfjs-node writes one file after the other, in place.
 * @param folder the folder's path; its parent must exist
 * @throws {@link CheckpointError} on saving: `exists` where the folder is there already, `io`. On loading:
 *   `missing-file`, `not-a-file`, `too-large`, `bad-state` (`model.json` is not a valid model) or `wrong-size`
 *   (`weights.bin` has another length than `model.json` says).
 * @example
 * ```ts
 * import { modelFolder } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-layers';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * await model.save(modelFolder('model-100'));
 * const loaded = await tf.loadLayersModel(modelFolder('model-100'));
 * console.log(loaded.countParams());
 * ```
 */
export function modelFolder(folder: string): io.IOHandler {
  return { save: (artifacts) => save(resolve(folder), artifacts), load: () => load(folder) };
}

async function save(folder: string, artifacts: io.ModelArtifacts): Promise<io.SaveResult> {
  const { weightData, weightSpecs, modelTopology, ...rest } = artifacts;
  const bytes = new Uint8Array(io.CompositeArrayBuffer.join(weightData));
  const weightsManifest = [{ paths: [WEIGHTS], weights: weightSpecs ?? [] }];
  // As TensorFlow.js writes it: without what is undefined.
  const json = JSON.parse(JSON.stringify({ modelTopology, ...rest, weightsManifest }));
  await writeDirectory(
    folder,
    new Map([
      [WEIGHTS, [bytes]],
      [MODEL, [encodeJson(json)]],
    ]),
  );
  return { modelArtifactsInfo: io.getModelArtifactsInfoForJSON(artifacts) };
}

async function load(folder: string): Promise<io.ModelArtifacts> {
  const file = join(folder, MODEL);
  const json = decode(await readSmall(file, undefined, MAX_MODEL_BYTES), file);
  const { weightsManifest, ...rest } = json;
  const weightSpecs = weightsManifest[0].weights;
  const expected = weightSpecs.reduce(
    (sum, { shape, dtype }) => sum + shape.reduce((size, axis) => size * axis, BYTES[dtype]),
    0,
  );
  const data = join(folder, WEIGHTS);
  const weightData = await readVerified(data, undefined, async ({ bytes, take }) => {
    if (bytes === expected) return take(bytes);
    throw new CheckpointError({
      code: 'wrong-size',
      file: data,
      expected: `${expected} bytes, as ${MODEL} lists them,`,
      of: 'its size',
      received: `${bytes} bytes`,
      fix: 'the file was cut, or belongs to another model: use another checkpoint',
    });
  });
  return { ...rest, weightSpecs, weightData: weightData.buffer as ArrayBuffer } as io.ModelArtifacts;
}

function decode(bytes: Uint8Array, file: string): z.output<typeof modelSchema> {
  const refuse = (received: string, cause?: unknown): never => {
    throw new CheckpointError({
      code: 'bad-state',
      file,
      expected: `a model of TensorFlow.js with its weights in ${WEIGHTS}`,
      of: 'the file',
      received,
      fix: 'use a checkpoint that model.save() wrote into a modelFolder',
      cause,
    });
  };
  let parsed: unknown;
  try {
    parsed = parseJson(bytes);
  } catch (cause) {
    return refuse(show(String(cause)), cause);
  }
  const result = modelSchema.safeParse(parsed, FIRST_ISSUE);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  return refuse(shorten(`${issue?.path.join('.') || 'a file'}: ${issue?.message}`));
}
