/** The result of a search as text for the terminal, and as JSON. */
import path from 'node:path';
import type { Fuzzed, Reported } from '../fuzz/fuzz.ts';
import { kindsOf } from '../fuzz/kinds.ts';
import type { Tried } from '../fuzz/search.ts';
import { describeHistory } from '../trace/history.ts';
import { formatTable } from './table.ts';

interface KindCount {
  readonly kind: string;
  readonly tried: number;
  readonly refuted: number;
  readonly inconclusive: number;
}

const OUTCOMES = ['proven', 'refuted', 'inconclusive', 'skipped'] as const;

const outcomes = (cases: readonly Tried[]): Record<(typeof OUTCOMES)[number], number> =>
  Object.fromEntries(
    OUTCOMES.map((name) => [name, cases.filter(({ verdict }) => verdict.outcome === name).length]),
  ) as never;

function kindCounts(cases: readonly Tried[]): KindCount[] {
  const counts = new Map<string, Tried[]>();
  for (const one of cases)
    for (const kind of kindsOf(one.history)) counts.set(kind, [...(counts.get(kind) ?? []), one]);
  return [...counts]
    .map(([kind, own]) => {
      const { refuted, inconclusive } = outcomes(own);
      return { kind, tried: own.length, refuted, inconclusive };
    })
    .sort((one, other) => other.tried - one.tried);
}

/** Why histories were inconclusive, the most frequent reason first. */
function reasons(cases: readonly Tried[]): { reason: string; count: number; example: string }[] {
  const open = cases.filter(({ verdict }) => verdict.outcome === 'inconclusive');
  const byRule = Map.groupBy(open, ({ verdict }) => verdict.findings[0]?.rule ?? 'none');
  return [...byRule]
    .map(([reason, own]) => ({ reason, count: own.length, example: own[0]!.verdict.headline }))
    .sort((one, other) => other.count - one.count);
}

/** Each once. */
const caveatsOf = (cases: readonly Tried[]): string[] => [
  ...new Set(cases.flatMap(({ verdict }) => verdict.caveats)),
];

/** Whether it failed in the same way when it was run by itself. */
const failsAlone = ({ rule, again }: Reported): boolean =>
  again.outcome === 'refuted' && again.findings[0]?.rule === rule;

export function fuzzJson(fuzzed: Fuzzed) {
  const { scenario, seed, seconds, cases, shrinking, exhausted, failures, asExpected, regressions, report } =
    fuzzed;
  return {
    scenario,
    seed,
    seconds,
    histories: cases.length,
    shrinking,
    exhausted,
    ...outcomes(cases),
    kinds: kindCounts(cases),
    inconclusiveBecause: reasons(cases),
    caveats: caveatsOf(cases),
    failures: failures.map((failure) => {
      const { rule, cause, count, minimal, smallest, again } = failure;
      const [finding] = again.findings;
      return {
        rule,
        cause,
        histories: count,
        minimal,
        history: smallest.history,
        headline: smallest.verdict.headline,
        likelyCause: finding?.likelyCause ?? null,
        fix: finding?.fix ?? null,
        failsAlone: failsAlone(failure),
        replay: again.replay,
      };
    }),
    regressions,
    asExpected,
    cases: cases.map(({ history, verdict }) => ({
      history,
      outcome: verdict.outcome,
      rule: verdict.findings[0]?.rule ?? null,
      headline: verdict.headline,
    })),
    report,
  };
}

export function fuzzSummary(fuzzed: Fuzzed): string {
  const { seed, seconds, cases, shrinking, exhausted, failures, regressions, report } = fuzzed;
  const counts = outcomes(cases);
  const told = OUTCOMES.filter((name) => counts[name] > 0).map((name) => `${counts[name]} ${name}`);
  const open = reasons(cases).slice(0, 3);
  return [
    `${cases.length} ${cases.length === 1 ? 'history' : 'histories'}: ${told.join(', ') || 'none was run'} (seed ${seed}, ${seconds.toFixed(0)} s${shrinking === 0 ? '' : `, ${shrinking} more to shrink`}).`,
    ...(exhausted ? ['There are no others of this size.'] : []),
    ...(regressions.tried === 0
      ? []
      : [`Tried first: ${regressions.tried} of ${path.relative('', regressions.file)}.`]),
    '',
    formatTable(
      ['What was tried', 'Histories', 'Refuted', 'Inconclusive'],
      kindCounts(cases).map(({ kind, tried, refuted, inconclusive }) => [kind, tried, refuted, inconclusive]),
    ),
    '',
    ...open.flatMap(({ count, example }) => [`? ${count} inconclusive, such as: ${example}`, '']),
    ...caveatsOf(cases).flatMap((caveat) => [`! ${caveat}`, '']),
    ...(failures.length === 0
      ? [counts.proven === 0 ? 'Nothing was proven.' : 'No history failed.']
      : failures.flatMap(failureLines)),
    ...(regressions.added === 0
      ? []
      : [
          `Wrote ${path.relative('', regressions.file)}: commit it, and what failed is tried first from now on.`,
        ]),
    ...(report === null ? [] : [`Report: ${path.relative('', report)}`]),
    '',
  ].join('\n');
}

function failureLines(failure: Reported): string[] {
  const { rule, count, minimal, smallest, again } = failure;
  const [finding] = again.findings;
  const { headline } = failsAlone(failure) ? again : smallest.verdict;
  return [
    `✗ ${rule}, in ${count} ${count === 1 ? 'history' : 'histories'}. ${minimal ? 'The smallest' : 'The smallest so far'}: ${describeHistory(smallest.history)}`,
    `  ${headline}`,
    ...(failsAlone(failure)
      ? []
      : [`  It did not fail so when it was run again by itself: ${again.outcome}. ${again.headline}`]),
    ...(finding === undefined ? [] : [`  likely cause: ${finding.likelyCause}`, `  fix: ${finding.fix}`]),
    `  run again: ${again.replay}`,
    '',
  ];
}
