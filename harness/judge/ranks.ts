/** The ranks of a distributed run: how their traces are grouped, and how what is found on several is said once. */
import type { Trace } from '../trace/schema.ts';
import type { Finding } from './verdict.ts';

/** What was found on one rank. */
export interface OnRank {
  readonly rank: number;
  readonly findings: readonly Finding[];
}

/** The traces of each rank, in ascending order; one empty group if there is no trace. */
export function byRank(traces: readonly Trace[]): (readonly [number, readonly Trace[]])[] {
  const ranks = [...new Set(traces.flatMap(({ run }) => (run === undefined ? [] : [run.rank ?? 0])))].sort(
    (a, b) => a - b,
  );
  const [lowest = 0] = ranks;
  if (ranks.length <= 1) return [[lowest, traces]];
  // A process that died before its first record did not say its rank.
  const own = Map.groupBy(traces, ({ run }) => (run === undefined ? lowest : (run.rank ?? 0)));
  return ranks.map((rank) => [rank, own.get(rank)!]);
}

/** The ranks that traces say the run has, and of which there is no trace. */
export function missingRanks(traces: readonly Trace[], known: readonly number[]): number[] {
  const size = traces.reduce((most, { run }) => Math.max(most, run?.worldSize ?? 1), 1);
  const seen = new Set(known);
  return Array.from({ length: size }, (_, rank) => rank).filter((rank) => !seen.has(rank));
}

/** A finding lists no more ranks. */
export const RANKS_SHOWN = 64;
const NAMED = 6;

/** `rank 1`, `ranks 0 and 2`, `ranks 0, 1, 2, 3, 4, 5 and 26 more`. */
export function ranksNamed(ranks: readonly number[]): string {
  const [only] = ranks;
  if (ranks.length === 1) return `rank ${only}`;
  if (ranks.length > NAMED)
    return `ranks ${ranks.slice(0, NAMED).join(', ')} and ${ranks.length - NAMED} more`;
  return `ranks ${ranks.slice(0, -1).join(', ')} and ${ranks.at(-1)}`;
}

/** The sentence, said of some of the ranks. An acronym at its start stays as it is. */
export function saidOf(ranks: readonly number[], of: number, sentence: string): string {
  const where =
    ranks.length < of || of === 1 ? ranksNamed(ranks) : of === 2 ? 'both ranks' : `all ${of} ranks`;
  const begin = sentence.slice(0, 2);
  const lower = begin === begin.toUpperCase() ? begin : begin.toLowerCase();
  return `On ${where}, ${lower}${sentence.slice(2)}`;
}

/**
 * The rank that departs first; of several, the one on which most is wrong. What is wrong on one rank reaches the others
 * with the next exchange of gradients.
 */
export function worstOf(ranks: readonly OnRank[]): number {
  const gravity = ({ findings }: OnRank): readonly number[] => {
    const refuting = findings.filter(({ refutes }) => refutes);
    const first = (of: (finding: Finding) => number): number =>
      refuting.reduce((least, finding) => Math.min(least, of(finding)), Number.MAX_VALUE);
    const resume = first((finding) => finding.resume || Number.MAX_VALUE);
    const step = first((finding) =>
      finding.resume === resume ? (finding.step ?? Number.MAX_VALUE) : Number.MAX_VALUE,
    );
    return [resume, step, -refuting.length];
  };
  const order = (one: readonly number[], other: readonly number[]): number =>
    one.map((value, at) => value - other[at]!).find((difference) => difference !== 0) ?? 0;
  const [worst] = ranks
    .map((own) => ({ rank: own.rank, gravity: gravity(own) }))
    .toSorted((a, b) => order(a.gravity, b.gravity));
  return worst?.rank ?? 0;
}

/** Whether a finding is about its rank alone. Others say themselves which ranks they are about, if any. */
const isOwn = (finding: Finding, rank: number): boolean =>
  finding.ranks.length === 1 && finding.ranks[0] === rank;

interface Entry {
  readonly rank: number;
  readonly finding: Finding;
}

/**
 * The findings of all ranks, each said once with the ranks that it is about. One rule's findings about one resume are
 * one, even if the values differ from rank to rank: then they are told of the worst rank.
 */
export function saidOnce(ranks: readonly OnRank[], worst: number): Finding[] {
  const [only] = ranks;
  if (ranks.length <= 1) return [...(only?.findings ?? [])];
  const groups = new Map<string, Entry[]>();
  const apart: Finding[] = [];
  for (const { rank, findings } of ranks) {
    const counts = new Map<string, number>();
    for (const finding of findings) {
      if (!isOwn(finding, rank)) {
        apart.push(finding);
        continue;
      }
      const { rule, refutes, resume, proof, sentence, seen } = finding;
      const alike = proof === 'run' || resume === 0 ? [sentence, seen] : [];
      const kind = JSON.stringify([rule, refutes, resume, ...alike]);
      const nth = counts.get(kind) ?? 0;
      counts.set(kind, nth + 1);
      const key = `${kind} ${nth}`;
      groups.set(key, [...(groups.get(key) ?? []), { rank, finding }]);
    }
  }
  return [...apart, ...[...groups.values()].map((group) => together(group, ranks.length, worst))];
}

function together(group: readonly Entry[], of: number, worst: number): Finding {
  const [first] = group.toSorted(
    (a, b) =>
      Number(b.rank === worst) - Number(a.rank === worst) ||
      (a.finding.step ?? Number.MAX_VALUE) - (b.finding.step ?? Number.MAX_VALUE),
  );
  const { finding } = first!;
  const same = (other: Finding): boolean =>
    (['sentence', 'expected', 'seen'] as const).every((key) => other[key] === finding[key]);
  const equal = group.filter((one) => same(one.finding)).map(({ rank }) => rank);
  const others = group.map(({ rank }) => rank).filter((rank) => !equal.includes(rank));
  const sentence = saidOf(equal, of, finding.sentence);
  return {
    ...finding,
    sentence:
      others.length === 0 ? sentence : `${sentence} The same on ${ranksNamed(others)}, with other values.`,
    ranks: group.map(({ rank }) => rank).slice(0, RANKS_SHOWN),
  };
}
