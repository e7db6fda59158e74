/** `manifest.json` lists the files of a checkpoint with their size and SHA-256. */
import { z } from 'zod';
import { FIRST_ISSUE } from '../json/first-issue.ts';
import { CheckpointError, show } from './error.ts';
import type { Digest } from './file.ts';
import { encodeJson, parseJson } from './json.ts';
import { refuseNewer, schemaError } from './state.ts';

/** Bumped when the previous version's reader would misread a checkpoint. */
export const CHECKPOINT_FORMAT = 1;
export const MANIFEST = 'manifest.json';
export const STATE = 'state.json';
export const MAX_MANIFEST_BYTES = 2 ** 20;
const FIX = 'the checkpoint is damaged or was edited: use another one';

const TENSOR_FILE = /^([A-Za-z0-9][A-Za-z0-9_-]{0,63})\.safetensors$/;

const manifestSchema = z.strictObject({
  format: z.literal(CHECKPOINT_FORMAT),
  files: z.record(
    z.string(),
    z.strictObject({ bytes: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
});

/** Digests by file name. */
export type Files = ReadonlyMap<string, Digest>;

export function tensorFile(stem: string): string {
  return `${stem}.safetensors`;
}

/** The stem of a tensor file's name, or undefined for any other name. No other name is opened, so no path is. */
export function stemOf(name: string): string | undefined {
  return TENSOR_FILE.exec(name)?.[1];
}

export function encodeManifest(files: Files): Uint8Array {
  return encodeJson({ format: CHECKPOINT_FORMAT, files: Object.fromEntries(files) });
}

/**
 * The manifest has no hash of its own, so the text must match byte for byte what would be written for the same
 * content.
 * @throws CheckpointError `bad-manifest`, `bad-name`, `newer-format`, `missing-file` if state.json is not listed
 */
export function decodeManifest(bytes: Uint8Array, file: string): Files {
  let parsed: unknown;
  try {
    parsed = parseJson(bytes);
  } catch (cause) {
    const [expected, received] = ['JSON with unique keys and within bounds', show(String(cause))];
    throw new CheckpointError({
      code: 'bad-manifest',
      file,
      expected,
      of: 'the file',
      received,
      fix: FIX,
      cause,
    });
  }
  refuseNewer(parsed, CHECKPOINT_FORMAT, file);
  const result = manifestSchema.safeParse(parsed, FIRST_ISSUE);
  if (!result.success) throw schemaError('bad-manifest', parsed, result.error, file, FIX);
  const files = new Map<string, Digest>(Object.entries(result.data.files));
  for (const name of files.keys()) {
    if (name === STATE || stemOf(name) !== undefined) continue;
    const expected = `${STATE} or <name>.safetensors, without a folder,`;
    const received = show(name);
    throw new CheckpointError({ code: 'bad-name', file, expected, of: 'a file', received, fix: FIX });
  }
  if (!files.has(STATE)) {
    const [expected, received] = [STATE, 'none'];
    throw new CheckpointError({
      code: 'missing-file',
      file,
      expected,
      of: 'a file',
      received,
      fix: FIX,
    });
  }
  if (!Buffer.from(bytes).equals(encodeManifest(files))) {
    const [expected, received] = ['the text exactly as saved', 'other spacing, escapes or order'];
    throw new CheckpointError({
      code: 'bad-manifest',
      file,
      expected,
      of: 'the file',
      received,
      fix: FIX,
    });
  }
  return files;
}
