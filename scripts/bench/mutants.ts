/** The kill matrix as its users start it: faults caught, rightly named, how early, and in which time. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Matrix, matrixSchema } from '../../harness/judge/matrix/matrix.ts';
import { outputOf } from '../lib/gate.ts';

/** @param args of `resumeproof mutants`, beside the backend */
export async function measureMutants(args: readonly string[]): Promise<Matrix> {
  const reports = await mkdtemp(path.join(tmpdir(), 'resumeproof-bench-'));
  try {
    const output = await outputOf('mutants', [...args, '--backend', 'wasm', '--reports', reports, '--json']);
    return matrixSchema.parse(JSON.parse(output));
  } finally {
    await rm(reports, { recursive: true });
  }
}
