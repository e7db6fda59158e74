/** Why a checkpoint was refused. The codes are stable, so programs can branch on them. */
export type CheckpointErrorCode =
  | 'exists'
  | 'io'
  | 'not-durable'
  | 'missing-file'
  | 'extra-file'
  | 'not-a-file'
  | 'bad-name'
  | 'newer-format'
  | 'too-large'
  | 'wrong-size'
  | 'wrong-hash'
  | 'bad-manifest'
  | 'bad-state'
  | 'bad-header'
  | 'bad-tensor'
  | 'missing-tensor'
  | 'extra-tensor'
  | 'wrong-shape'
  | 'wrong-dtype';

/** The parts of a {@link CheckpointError}'s message. */
export interface Refusal {
  readonly code: CheckpointErrorCode;
  readonly file: string;
  readonly tensor?: string;
  readonly expected: string;
  /** What the expectation applies to: 'the header length', 'data_offsets' … */
  readonly of: string;
  /** Pass text that may come from the file through `show` first. */
  readonly received: string;
  /** What the user can do about it. */
  readonly fix: string;
  readonly cause?: unknown;
}

/**
 * Thrown when a checkpoint cannot be written or must not be trusted. Nothing was returned or replaced; only with the code
 * `not-durable` was the checkpoint written.
 * @example
 * ```ts
 * import { CheckpointError, loadCheckpoint } from 'resumeproof';
 *
 * try {
 *   await loadCheckpoint('step-100');
 * } catch (error) {
 *   if (!(error instanceof CheckpointError && error.code === 'missing-file')) throw error;
 *   console.error(`no checkpoint: ${error.file}`);
 * }
 * ```
 */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  /** What went wrong, for programs. */
  readonly code: CheckpointErrorCode;
  /** The file or directory that was refused. */
  readonly file: string;
  /** The tensor that was refused; undefined where it is the whole file. */
  readonly tensor: string | undefined;

  constructor({ code, file, tensor, expected, of, received, fix, cause }: Refusal) {
    const where = tensor === undefined ? file : `${file}, tensor ${show(tensor)}`;
    super(`${where}: expected ${expected} for ${of}, received ${received}; ${fix}`, { cause });
    this.code = code;
    this.file = file;
    this.tensor = tensor;
  }
}

/** Formats any value as one short line of text. */
export function show(value: unknown): string {
  const text = typeof value === 'string' || isPlain(value) ? JSON.stringify(value) : String(value);
  return shorten(text);
}

/** Cuts text that may come from a file. */
export function shorten(text: string): string {
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** Converts a file system error into a CheckpointError. Returns a CheckpointError unchanged. */
export function ioError(file: string, doing: string, thrown: unknown): CheckpointError {
  if (thrown instanceof CheckpointError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  const missing = code === 'ENOENT' || code === 'ENOTDIR';
  return new CheckpointError({
    code: missing ? 'missing-file' : 'io',
    file,
    expected: 'success',
    of: doing,
    received: reason,
    fix: missing ? 'check the path' : 'check permissions, free space and the disk',
    cause: thrown,
  });
}
