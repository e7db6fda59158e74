/** Verifies the kernels of one backend in a fresh process, because a broken kernel may crash or hang. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { oneLine } from '../backend/error.ts';
import { runOneShot } from '../backend/one-shot.ts';
import type { KernelCheck } from './kernel-check.ts';

/** The request to the process. */
export interface Wanted {
  /** 'auto' or a backend's name. */
  readonly backend: string;
  /** Run only the cases that cover these; null runs all cases. */
  readonly kernels: readonly string[] | null;
}

export interface Verification {
  /** The backend that was opened; null if none was. */
  readonly backend: string | null;
  readonly device: string | null;
  /** How many cases ran. */
  readonly cases: number;
  /** Every kernel that ran or was requested, sorted by name; requested ones without a case come last. */
  readonly checks: readonly KernelCheck[];
  readonly seconds: number;
  /** One line that says why there is no result. */
  readonly problem: string | null;
  /** The command that fixes the problem, if there is one. */
  readonly fix: string | null;
}

/** A message from the process. */
export type Message =
  | { readonly kind: 'case'; readonly title: string; readonly of: number }
  | ({ readonly kind: 'end' } & Omit<Verification, 'seconds'>);

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** Called before each case with its title, its number and the number of cases. */
  readonly onCase?: (title: string, index: number, of: number) => void;
  /** 300 by default. */
  readonly timeLimitSeconds?: number;
  /** Node's arguments that start the module; the module alone by default. */
  readonly nodeArguments?: (entry: string) => Promise<readonly string[]>;
}

// Same extension as this file: .ts from source, .js when built.
const ENTRY = fileURLToPath(new URL(`verify-process${path.extname(import.meta.url)}`, import.meta.url));

/** Never throws if a backend fails. */
export async function verifyBackend(wanted: Wanted, options: VerifyOptions = {}): Promise<Verification> {
  const { signal, onCase, timeLimitSeconds = 300, nodeArguments = async (entry) => [entry] } = options;
  // Making a snapshot is not the verification's time.
  const node = await nodeArguments(ENTRY);
  const start = performance.now();
  let found: Omit<Verification, 'seconds'> | undefined;
  let underWay = '';
  let begun = 0;
  const { timedOut, ended, lastWords } = await runOneShot<Message>([...node, JSON.stringify(wanted)], {
    timeLimitMs: timeLimitSeconds * 1000,
    ...(signal && { cancelSignal: signal }),
    onMessage(message) {
      if (message.kind === 'case') {
        underWay = message.title;
        begun += 1;
        onCase?.(message.title, begun, message.of);
      } else {
        const { kind: _, ...rest } = message;
        found = rest;
      }
    },
  });
  const seconds = (performance.now() - start) / 1000;
  if (found !== undefined) {
    const seen = new Set(found.checks.map(({ kernel }) => kernel));
    const unseen = found.problem === null ? (wanted.kernels ?? []).filter((kernel) => !seen.has(kernel)) : [];
    return { ...found, checks: [...found.checks, ...unseen.map(withoutCase)], seconds };
  }
  const how = timedOut ? `was killed after ${timeLimitSeconds} s` : ended;
  const during = underWay === '' ? '' : ` in ${underWay}`;
  const problem = oneLine(`its process ${how}${during}${lastWords}`);
  return { backend: null, device: null, cases: begun, checks: [], seconds, problem, fix: null };
}

const withoutCase = (kernel: string): KernelCheck => ({
  kernel,
  outcome: 'unverified',
  calls: 0,
  operation: null,
  call: null,
  worst: null,
  problem: 'no case runs it',
});
