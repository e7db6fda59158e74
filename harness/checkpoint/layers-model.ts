/**
 * The weights of a TensorFlow.js model: `model.json` lists groups of weights, and the shards of a group hold their bytes
 * one after the other. Format: github.com/tensorflow/tfjs, tfjs-core/src/io/types.ts.
 */
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { FIRST_ISSUE } from '../json/first-issue.ts';
import { CheckpointError, shorten } from './error.ts';
import { readVerified } from './file.ts';
import { type Dtype, type TensorData, tensorBytes } from './header.ts';

const DTYPES = { float32: 'F32', int32: 'I32', bool: 'BOOL' } as const satisfies Record<string, Dtype>;

/** Weights of other types and quantized ones are not read. */
export const weightSpecSchema = z.strictObject({
  name: z.string(),
  shape: z.array(z.int().nonnegative()),
  dtype: z.enum(['float32', 'int32', 'bool']),
  group: z.enum(['model', 'optimizer']).optional(),
});

const modelSchema = z.looseObject({
  weightsManifest: z.array(
    z.strictObject({
      // A shard lies beside model.json. Any other path could lead anywhere.
      paths: z.array(z.string().regex(/^[\w-][\w.-]*$/)),
      weights: z.array(weightSpecSchema),
    }),
  ),
});

/** Whether parsed JSON lists weights in shards. */
export const hasShards = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && Object.hasOwn(json, 'weightsManifest');

/**
 * Visits the weights of a model. The sizes of the shards are checked before memory for them is allocated.
 * @param json the parsed `model.json`
 * @param file its path
 * @returns the names of the shards
 * @throws CheckpointError `bad-state`, `wrong-size`, `missing-file`, `not-a-file`, `too-large` or `io`
 */
export async function visitLayersModel(
  json: unknown,
  file: string,
  visit: (name: string, tensor: TensorData) => void,
): Promise<string[]> {
  const parsed = modelSchema.safeParse(json, FIRST_ISSUE);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refusal(
      'bad-state',
      file,
      'a known list of weights',
      shorten(`${issue?.path.join('.')}: ${issue?.message}`),
    );
  }
  const { weightsManifest } = parsed.data;
  for (const { paths, weights } of weightsManifest) {
    const tensors = weights.map(({ name, shape, dtype }) => {
      const bytes = tensorBytes(DTYPES[dtype], shape);
      if (bytes === undefined)
        throw refusal('bad-state', file, 'a shape whose product is a safe integer', shorten(`${shape}`));
      return { name, shape, dtype: DTYPES[dtype], bytes };
    });
    const data = await readShards(
      paths.map((shard) => join(dirname(file), shard)),
      tensors.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    let at = 0;
    for (const { name, shape, dtype, bytes } of tensors) {
      visit(name, { dtype, shape, bytes: data.slice(at, at + bytes) });
      at += bytes;
    }
  }
  return weightsManifest.flatMap(({ paths }) => paths);
}

/** The bytes of all shards, which must be exactly as many as expected. */
async function readShards(files: readonly string[], expected: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let left = expected;
  for (const file of files) {
    const part = await readVerified(file, undefined, async ({ bytes, take }) => {
      if (bytes > left) throw refusal('wrong-size', file, `at most ${left} bytes`, `${bytes} bytes`);
      return take(bytes);
    });
    left -= part.byteLength;
    parts.push(part);
  }
  if (left > 0) throw refusal('wrong-size', files.at(-1) ?? '', `${left} more bytes`, 'none');
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

function refusal(
  code: 'bad-state' | 'wrong-size',
  file: string,
  expected: string,
  received: string,
): CheckpointError {
  const fix = 'the model is damaged or of a kind that is not known here: use another checkpoint';
  return new CheckpointError({ code, file, expected, of: 'the model', received, fix });
}
