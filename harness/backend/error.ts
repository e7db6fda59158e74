/** Why a backend could not be opened or failed later. */

/** Why a backend was not opened or did not stay. The codes are stable: programs may branch on them. */
export type BackendErrorCode =
  /** No backend has that name. */
  | 'unknown-backend'
  /** Its package or the package's binary is missing. */
  | 'not-installed'
  /** Its package is installed, but no device answers. */
  | 'no-adapter'
  /** A device exists, but the backend does not start on it. */
  | 'failed'
  /** The backend loads a different copy of tfjs-core than the trainer. */
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
  readonly fix: string | null;

  constructor(code: BackendErrorCode, problem: string, fix: string | null = null) {
    const line = oneLine(problem);
    super(fix === null ? line : `${line}; to fix it: ${fix}`);
    this.code = code;
    this.problem = line;
    this.fix = fix;
  }
}

/** Formats an error's message, or any text, as one line of bounded length. */
export function oneLine(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  const line = message.replace(/\s+/g, ' ').trim();
  return line.length > 600 ? `${line.slice(0, 600)}…` : line;
}
