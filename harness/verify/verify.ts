/** Verifies the kernels of one backend in a fresh process, which a wrong kernel may crash or hang. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { oneLine } from '../backend/error.ts';
import { runOneShot } from '../backend/one-shot.ts';
import type { KernelCheck } from './kernels.ts';

/** What the process is asked for. */
export interface Wanted {
  /** 'auto' or a backend's name. */
  readonly backend: string;
  /** Verify only what these need; everything where null. */
  readonly kernels: readonly string[] | null;
}

export interface Verification {
  /** The backend that was opened; null where none was. */
  readonly backend: string | null;
  readonly device: string | null;
  /** How many cases were run. */
  readonly cases: number;
  /** Every kernel that was run or wanted, by name. */
  readonly checks: readonly KernelCheck[];
  readonly seconds: number;
  /** Why there is no result, in one line. */
  readonly problem: string | null;
  /** The one command that would fix the problem. */
  readonly fix: string | null;
}

/** What the process sends. */
export type Message =
  | { readonly kind: 'case'; readonly title: string; readonly of: number }
  | ({ readonly kind: 'end' } & Omit<Verification, 'seconds'>);

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** Told of each case before it runs: what, which, of how many. */
  readonly onCase?: (title: string, index: number, of: number) => void;
  /** Default 300. */
  readonly timeLimitSeconds?: number;
}

// The same file name with the extension of this one: .ts from source, .js when built.
const entry = fileURLToPath(new URL(`process${path.extname(import.meta.url)}`, import.meta.url));

/** Never throws for what a backend does. */
export async function verifyBackend(wanted: Wanted, options: VerifyOptions = {}): Promise<Verification> {
  const { signal, onCase, timeLimitSeconds = 300 } = options;
  const start = performance.now();
  let found: Omit<Verification, 'seconds'> | undefined;
  let underWay = '';
  let begun = 0;
  const { timedOut, ended, lastWords } = await runOneShot<Message>(entry, [JSON.stringify(wanted)], {
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
  const how = timedOut ? `was ended after ${timeLimitSeconds} s` : ended;
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
  problem: 'there is no case that runs it',
});
