/** Runs a search for failing histories as its users start it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { outputOf } from '../lib/gate.ts';

const fuzzedSchema = z.object({
  scenario: z.string(),
  seconds: z.number(),
  histories: z.number(),
  proven: z.number(),
  refuted: z.number(),
  inconclusive: z.number(),
  shrinking: z.number(),
  failures: z.array(z.object({ rule: z.string(), minimal: z.boolean(), history: z.unknown() })),
});

export type FuzzCost = z.output<typeof fuzzedSchema>;

/** @param args arguments of `resumeproof fuzz`, besides the backend */
export async function measureFuzz(args: readonly string[]): Promise<FuzzCost> {
  const folder = await mkdtemp(path.join(tmpdir(), 'resumeproof-bench-'));
  const own = ['--backend', 'wasm', '--seed', '1', '--reports', folder, '--regressions', folder, '--json'];
  try {
    return fuzzedSchema.parse(JSON.parse(await outputOf('fuzz', [...args, ...own])));
  } finally {
    await rm(folder, { recursive: true });
  }
}
