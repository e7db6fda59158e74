/** Why a backend was not opened or did not stay. */

/** Why a backend was not opened or did not stay. The codes are stable: programs may branch on them. */
export type BackendErrorCode =
  /** No backend has that name. */
  | 'unknown-backend'
  /** Its package, or the binary in it, is not there. */
  | 'not-installed'
  /** Its package is there and no device answers. */
  | 'no-adapter'
  /** A device is there and the backend would not start on it. */
  | 'failed'
  /** The backend brings another copy of tfjs-core than the trainer's. */
  | 'two-engines'
  /** A hardware GPU was required. */
  | 'gpu-required'
  /** The backend is no longer the one that was opened, or its device failed. */
  | 'changed';

/**
 * Thrown when a backend cannot be opened, or is no longer the one that was opened.
 * @example
 * ```ts
 * import { BackendError, openBackend } from 'resumeproof';
 *
 * try {
 *   await openBackend('webgpu', { requireGpu: true });
 * } catch (error) {
 *   if (!(error instanceof BackendError)) throw error;
 *   console.error(error.code, error.problem);
 * }
 * ```
 */
export class BackendError extends Error {
  override readonly name = 'BackendError';
  /** What went wrong, for programs. */
  readonly code: BackendErrorCode;
  /** What is wrong and why, without the command that fixes it; one line. */
  readonly problem: string;
  /** The one command that would fix it; null if there is none. */
  readonly remedy: string | null;

  constructor(code: BackendErrorCode, problem: string, remedy: string | null = null) {
    const line = oneLine(problem);
    super(remedy === null ? line : `${line}; to mend it: ${remedy}`);
    this.code = code;
    this.problem = line;
    this.remedy = remedy;
  }
}

/** An error's message, or any text, on one line of bounded length. */
export function oneLine(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  const line = message.replace(/\s+/g, ' ').trim();
  return line.length > 600 ? `${line.slice(0, 600)}…` : line;
}
