/** Why a process failed, as its trace tells it. */
import { inspect } from 'node:util';
import { BackendError } from '../backend/error.ts';
import type { FailureRecord } from '../trace/schema.ts';

export class NonFiniteLoss extends Error {}

/** The trainer threw while saving. */
export class SaveFailed extends Error {
  constructor(thrown: unknown) {
    const cause = asError(thrown);
    super(cause.message, { cause });
    this.stack = cause.stack ?? '';
  }
}

/** A trainer may throw something that is not an error, or an error without a text; keep what it says. */
export function asError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error && typeof thrown.message === 'string') return thrown;
    return new Error(typeof thrown === 'string' ? thrown : inspect(thrown));
  } catch {
    return new Error('what was thrown cannot be shown');
  }
}

/** Labels a failure by the libraries' messages. The full message is kept. */
export function failureCode(error: Error, resuming: boolean): FailureRecord['code'] {
  if (error instanceof BackendError) return 'backend-unavailable';
  if (error instanceof NonFiniteLoss) return 'non-finite';
  if (isOfTheSystem(error)) return 'environment';
  if (error instanceof SaveFailed) return 'save-failed';
  const { name, message } = error;
  if (resuming && name === 'CheckpointError') return 'resume-refused';
  return /out of memory|OOM|allocation failed|memory access out of bounds/i.test(message)
    ? 'out-of-memory'
    : 'error';
}

/** The system has no room, no open files, no memory or no processes left, or its disk is read-only or broken. */
const SYSTEM = new Set([
  ...['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'ESTALE'],
  ...['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'],
]);
/** Causes may form a circle. */
const DEPTH = 8;

/** Whether the error, or one that caused it, is what the system refused and not what the program did. */
function isOfTheSystem(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > DEPTH) return false;
  const { code, errors } = error as { code?: unknown; errors?: unknown };
  if (typeof code === 'string' && SYSTEM.has(code)) return true;
  const inner = Array.isArray(errors) ? errors.slice(0, DEPTH) : [];
  return [error.cause, ...inner].some((cause) => isOfTheSystem(cause, depth + 1));
}
