/** The kill matrix as its users start it: faults caught, rightly named, how early, and in which time. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Matrix, matrixSchema } from '../../harness/judge/matrix.ts';
import { outputOf } from '../lib/gate.ts';

/** @param sample scenarios a fault; all of them if undefined */
export async function measureMutants(sample: number | undefined): Promise<Matrix> {
  const reports = await mkdtemp(path.join(tmpdir(), 'resumeproof-bench-'));
  try {
    const args = ['--all-apply', ...(sample === undefined ? [] : ['--sample', String(sample)])];
    const output = await outputOf('mutants', [...args, '--backend', 'wasm', '--reports', reports, '--json']);
    return matrixSchema.parse(JSON.parse(output));
  } finally {
    await rm(reports, { recursive: true });
  }
}
