/** `state.json` holds what a training run needs besides tensors to continue as if it had never stopped. */
import { z } from 'zod';
import { FIRST_ISSUE } from '../json/first-issue.ts';
import { CheckpointError, shorten, show } from './error.ts';
import { encodeJson, findNonJson, type Json, MAX_DEPTH, parseJson } from './json.ts';

export const STATE_FORMAT = 1;
export const MAX_STATE_BYTES = 64 * 2 ** 20;

/** Any JSON. `findNonJson` or `parseJson` has already checked the value, so the schema does not walk it again. */
const json = z.custom<Json>((value) => value !== undefined);
const scalar = z.union([z.number(), z.string(), z.boolean(), z.null()]);

/** An object of any keys. Tells only the first bad value, unlike `z.record`, which takes a gigabyte for a million. */
const dictionary = <Value extends z.ZodType>(value: Value) =>
  z
    .custom<Record<string, z.output<Value>>>((entries) => isDictionary(entries), 'expected an object')
    .superRefine((entries, context) => {
      for (const key in entries) {
        const [issue] = value.safeParse(entries[key], FIRST_ISSUE).error?.issues ?? [];
        if (issue === undefined) continue;
        context.addIssue({ code: 'custom', message: issue.message, path: [key, ...issue.path] });
        return;
      }
    });
const isDictionary = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const stateSchema = z.strictObject({
  format: z.literal(STATE_FORMAT),
  step: z.int().nonnegative().describe('loop iterations done'),
  schedules: dictionary(dictionary(z.union([scalar, z.array(z.number())]))).describe('by name'),
  optimizers: dictionary(json).describe(
    'by name: groups with their parameters, learning rates and hyperparameters; step counts by parameter',
  ),
  random: dictionary(z.string()).describe('serialized generators, by name'),
  data: dictionary(json).describe('data cursor: epoch, position …'),
  accumulation: dictionary(json).optional().describe('micro-batches done; sums are tensors'),
  lossScale: z.number().optional(),
  extra: dictionary(json).optional(),
});

/**
 * What a training run needs besides tensors to go on as if it had never stopped; a checkpoint's `state.json`.
 *
 * - `step`: loop iterations done.
 * - `schedules`: the state of each schedule, by name.
 * - `optimizers`: groups with their parameters, learning rates and hyperparameters, and step counts; by name.
 * - `random`: the state of each random generator, as text, by name.
 * - `data`: the data cursor: epoch, position and the like.
 * - `accumulation`: micro-batches done of an unfinished update; the gradient sums are tensors.
 */
export type TrainingState = z.output<typeof stateSchema>;

/** Refuses values that JSON would drop or change. @throws CheckpointError `bad-state`, `too-large` */
export function encodeState(state: TrainingState, file: string): Uint8Array {
  const fix = 'fix the state passed to the save';
  const wrong = findNonJson(state);
  if (wrong) {
    const of = wrong.path === '' ? 'the state' : wrong.path;
    const expected = `a finite JSON value at most ${MAX_DEPTH} deep`;
    throw new CheckpointError({ code: 'bad-state', file, expected, of, received: wrong.received, fix });
  }
  const bytes = encodeJson(checkState(state, file, fix));
  if (bytes.byteLength > MAX_STATE_BYTES) {
    const [expected, received] = [`at most ${MAX_STATE_BYTES} bytes`, `${bytes.byteLength} bytes`];
    throw new CheckpointError({ code: 'too-large', file, expected, of: 'its size', received, fix });
  }
  return bytes;
}

/** @throws CheckpointError `bad-state`, `newer-format` */
export function decodeState(bytes: Uint8Array, file: string): TrainingState {
  const fix = 'use another checkpoint';
  let parsed: unknown;
  try {
    parsed = parseJson(bytes);
  } catch (cause) {
    const [expected, received] = ['JSON with unique keys and within bounds', show(String(cause))];
    throw new CheckpointError({ code: 'bad-state', file, expected, of: 'the file', received, fix, cause });
  }
  refuseNewer(parsed, STATE_FORMAT, file);
  return checkState(parsed, file, fix);
}

function checkState(value: unknown, file: string, fix: string): TrainingState {
  const result = stateSchema.safeParse(value, FIRST_ISSUE);
  if (result.success) return result.data;
  throw schemaError('bad-state', value, result.error, file, fix);
}

/** Runs before the schema, so a newer checkpoint is reported as newer. @throws CheckpointError `newer-format` */
export function refuseNewer(parsed: unknown, known: number, file: string): void {
  if (typeof parsed !== 'object' || parsed === null || !('format' in parsed)) return;
  const { format } = parsed;
  if (typeof format !== 'number' || !(format > known)) return;
  const [expected, received] = [`at most ${known}`, show(format)];
  const fix = 'read it with the newer version that wrote it';
  throw new CheckpointError({ code: 'newer-format', file, expected, of: 'format', received, fix });
}

/** Reports the schema's first issue with the value that caused it. */
export function schemaError(
  code: 'bad-state' | 'bad-manifest',
  value: unknown,
  error: z.ZodError,
  file: string,
  fix: string,
): CheckpointError {
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  const at = path.reduce<unknown>(
    (inside, key) => (inside as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  // Both may hold keys of the file, which may be megabytes long.
  const of = path.length === 0 ? 'the file' : shorten(path.map(String).join('.'));
  const expected = `a value that matches the schema (${shorten(issue?.message ?? '')})`;
  return new CheckpointError({ code, file, expected, of, received: show(at), fix });
}
