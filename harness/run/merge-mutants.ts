/** Makes one kill matrix of the matrices of all shards of a run. */
import { isDeepStrictEqual } from 'node:util';
import {
  type Cell,
  type Matrix,
  type MatrixScenario,
  matrixSchema,
  rowOf,
  summarize,
} from '../judge/matrix/matrix.ts';
import { writeMatrix } from '../report/matrix.ts';
import { copyCase, requireOwnFile } from './merge-files.ts';
import type { MutantsResult } from './mutants.ts';
import { type FoundShard, readResult, refusing } from './shard-file.ts';

const FILE = 'matrix.json';

/** A shard of a kill matrix: all faults on its own scenarios. */
export interface MatrixShard {
  readonly shard: FoundShard;
  readonly matrix: Matrix;
}

/**
 * Reads the matrices of all shards.
 * @throws {UsageError} when they do not fit, a cell was not run because of an interruption, or something kept is missing
 */
export async function readMatrices(shards: readonly FoundShard[]): Promise<readonly MatrixShard[]> {
  const read: MatrixShard[] = [];
  for (const shard of shards) {
    const matrix = await readResult(shard, FILE, matrixSchema);
    const refuse = refusing(shard.folder, FILE);
    const { own, options } = shard.record;
    const isOwn = (those: readonly { readonly scenario: string }[]): boolean =>
      isDeepStrictEqual(
        those.map(({ scenario }) => scenario),
        own,
      );
    if (!isOwn(matrix.scenarios) || !matrix.matrix.every(({ cells }) => isOwn(cells)))
      throw refuse('its scenarios are not those of this shard');
    if (matrix.backend !== options['--backend']) throw refuse(`it is of backend ${matrix.backend}`);
    const [first] = read;
    const facts = ({ matrix: rows }: Matrix): unknown => rows.map(({ fault }) => fault);
    if (first !== undefined && !isDeepStrictEqual(facts(matrix), facts(first.matrix)))
      throw refuse(`its faults are not those of ${first.shard.folder}`);
    const kept = [...matrix.scenarios, ...matrix.matrix.flatMap(({ cells }) => cells)];
    for (const { scenario, kept: folder } of kept)
      if (folder !== null) await requireOwnFile(shard, FILE, scenario, `${folder}/verdict.json`);
    read.push({ shard, matrix });
  }
  return read;
}

/**
 * Writes the matrix that the run would have written without shards, apart from times.
 * @param folder of the report, which exists and is empty
 */
export async function mergeMatrices(shards: readonly MatrixShard[], folder: string): Promise<MutantsResult> {
  const [{ shard, matrix: first }] = shards as [MatrixShard];
  const { cases, options } = shard.record;
  for (const own of shards) for (const name of own.shard.record.own) await copyCase(own.shard, name, folder);
  const scenarios = inOrderOf<MatrixScenario>(
    cases,
    shards.flatMap(({ matrix }) => matrix.scenarios),
  );
  const rows = first.matrix.map(({ fault }, at) =>
    rowOf(
      fault,
      inOrderOf<Cell>(
        cases,
        shards.flatMap(({ matrix }) => matrix.matrix[at]!.cells),
      ),
    ),
  );
  // Shards are dealt in turn, so the first with a device has one of the first scenarios.
  const device = shards.find(({ matrix }) => matrix.device !== null)?.matrix.device ?? null;
  const matrix = summarize({
    startedAt: shards.map((own) => own.matrix.startedAt).toSorted()[0]!,
    seconds: shards.reduce((sum, own) => sum + own.matrix.seconds, 0),
    backend: first.backend,
    device,
    sample: null,
    allApply: options['--all-apply'] === 'true',
    interrupted: false,
    scenarios,
    leftOut: first.leftOut,
    rows,
  });
  return { matrix, report: await writeMatrix(folder, matrix) };
}

function inOrderOf<T extends { readonly scenario: string }>(
  cases: readonly string[],
  found: readonly T[],
): readonly T[] {
  const byName = new Map(found.map((one) => [one.scenario, one]));
  return cases.map((name) => byName.get(name)!);
}
