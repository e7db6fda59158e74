/** A folder that `model.save()` writes and `loadLayersModel()` reads in Node, atomically and verified. */
import { join, resolve } from 'node:path';
import { io } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { writeDirectory } from '../checkpoint/directory.ts';
import { CheckpointError, shorten, show } from '../checkpoint/error.ts';
import { readSmall, readVerified } from '../checkpoint/file.ts';
import { encodeJson, parseJson } from '../checkpoint/json.ts';
import { weightSpecSchema } from '../checkpoint/layers-model.ts';
import { FIRST_ISSUE } from '../json/first-issue.ts';

const MODEL = 'model.json';
const WEIGHTS = 'weights.bin';
const MAX_MODEL_BYTES = 64 * 2 ** 20;
const BYTES = { float32: 4, int32: 4, bool: 1 } as const;

const modelSchema = z.looseObject({
  modelTopology: z.looseObject({}),
  weightsManifest: z.tuple([
    z.strictObject({ paths: z.tuple([z.literal(WEIGHTS)]), weights: z.array(weightSpecSchema) }),
  ]),
});

/**
 * Returns an IOHandler for `model.save()` and `tf.loadLayersModel()` that stores TensorFlow.js' own files, `model.json`
 * and `weights.bin`, in a folder. A save writes the complete folder or nothing, and a load checks the files before it
 * uses them. The `file://` handler of tfjs-node writes the files in place instead, one after the other.
 * @param folder the path of the folder; its parent must exist
 * @throws {@link CheckpointError} from `save`: `exists` (the folder already exists) or `io`. From `load`:
 *   `missing-file`, `not-a-file`, `too-large`, `bad-state` (`model.json` is not a valid model) or `wrong-size` (the
 *   length of `weights.bin` does not match `model.json`).
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
  // Like TensorFlow.js, leave out undefined values.
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
      expected: `${expected} bytes (listed in ${MODEL})`,
      of: 'the file size',
      received: `${bytes} bytes`,
      fix: 'the file is truncated or belongs to another model: use another checkpoint',
    });
  });
  return { ...rest, weightSpecs, weightData: weightData.buffer as ArrayBuffer } as io.ModelArtifacts;
}

function decode(bytes: Uint8Array, file: string): z.output<typeof modelSchema> {
  const refuse = (received: string, cause?: unknown): never => {
    throw new CheckpointError({
      code: 'bad-state',
      file,
      expected: `a TensorFlow.js model with its weights in ${WEIGHTS}`,
      of: 'the file',
      received,
      fix: 'use a folder that model.save() wrote through modelFolder',
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
