/** Makes one gate of the gates of all shards of a run. */
import { isDeepStrictEqual } from 'node:util';
import { isConsistent } from '../judge/judge.ts';
import { type Gate, gateSchema, type Verdict } from '../judge/verdict.ts';
import { openReport } from '../report/write.ts';
import type { GateResult } from './gate.ts';
import { gateOf } from './gate-of.ts';
import { copyCase, requireOwnFile, tracesOf } from './merge-files.ts';
import { type FoundShard, readResult, refusing } from './shard-file.ts';

const FILE = 'verdict.json';

/** A shard of a gate, with its verdicts by scenario. */
export interface GateShard {
  readonly shard: FoundShard;
  readonly gate: Gate;
}

/**
 * Reads the verdicts of all shards.
 * @throws {UsageError} when a shard lacks one, or a trace of one
 */
export async function readGates(shards: readonly FoundShard[]): Promise<readonly GateShard[]> {
  const read: GateShard[] = [];
  for (const shard of shards) {
    const gate = await readResult(shard, FILE, gateSchema);
    const refuse = refusing(shard.folder, FILE);
    const judged = gate.verdicts.map(({ scenario }) => scenario);
    if (!isDeepStrictEqual(judged, shard.record.own))
      throw refuse('its verdicts are not those of the scenarios of this shard');
    if (gate.backend !== shard.record.options['--backend']) throw refuse(`it is of backend ${gate.backend}`);
    const strange = gate.verdicts.find((verdict) => !isConsistent(verdict));
    if (strange !== undefined) throw refuse(`the verdict on ${strange.scenario} contradicts its findings`);
    for (const { scenario, runs } of gate.verdicts)
      for (const { trace } of runs) await requireOwnFile(shard, FILE, scenario, trace);
    read.push({ shard, gate });
  }
  return read;
}

/**
 * Writes the report that the run would have written without shards, apart from times: it began with the first shard and
 * took as long as all together.
 * @param folder of the report, which exists and is empty
 */
export async function mergeGates(gates: readonly GateShard[], folder: string): Promise<GateResult> {
  const [{ shard, gate: first }] = gates as [GateShard];
  const { cases } = shard.record;
  const found = new Map(
    gates.flatMap((own) =>
      own.gate.verdicts.map((verdict): [string, { from: FoundShard; verdict: Verdict }] => [
        verdict.scenario,
        { from: own.shard, verdict },
      ]),
    ),
  );
  const inOrder = cases.map((name) => found.get(name)!);
  const baselines = gates.flatMap((own) => own.gate.baselines);
  const report = openReport(folder);
  for (const { from, verdict } of inOrder) {
    await copyCase(from, verdict.scenario, folder);
    const baseline = baselines.find(({ scenario }) => scenario === verdict.scenario);
    await report.add(verdict, await tracesOf(verdict, folder), baseline?.samples);
  }
  const run = {
    startedAt: gates.map(({ gate }) => gate.startedAt).toSorted()[0]!,
    seconds: gates.reduce((sum, { gate }) => sum + gate.seconds, 0),
    origin: first.origin,
    backend: first.backend,
    baselines,
    verdicts: inOrder.map(({ verdict }) => verdict),
  };
  const gate = gateOf(run, cases.length);
  return { gate, report: await report.write(gate) };
}
