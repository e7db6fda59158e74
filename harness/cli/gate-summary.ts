/** A gate's result as text for the terminal. */
import path from 'node:path';
import type { Verdict } from '../judge/verdict.ts';
import { CHANGES } from '../report/past-changes.ts';
import { cutSentence, declarations, deviceSentence, gateSentence } from '../report/summary.ts';
import { moment, shortCommit } from '../report/text.ts';
import type { GateResult } from '../run/gate.ts';
import { wrapped } from './layout.ts';
import { formatTable } from './table.ts';
import { columnsOf } from './terminal.ts';
import { explanation, leads, MARKS } from './verdict-lines.ts';

/** Lists each caveat once, with the scenarios that it applies to. */
export function caveatLines(verdicts: readonly Pick<Verdict, 'scenario' | 'caveats'>[]): string[] {
  const byCaveat = Map.groupBy(
    verdicts.flatMap(({ scenario, caveats }) => caveats.map((caveat) => ({ scenario, caveat }))),
    ({ caveat }) => caveat,
  );
  return [...byCaveat].flatMap(([caveat, those]) => [
    `! ${those.map(({ scenario }) => scenario).join(', ')}: ${caveat}`,
    '',
  ]);
}

/** One line for each scenario that `--fast` ended early. */
function cutLines(verdicts: readonly Verdict[]): string[] {
  const cut = verdicts.filter((verdict) => verdict.cut !== null);
  return cut.length === 0
    ? []
    : [...cut.map((verdict) => `✂ ${verdict.scenario}: ${cutSentence(verdict)}`), ''];
}

/** `auto` takes cpu only where another backend lacks a kernel. */
const onCpu = (backend: Verdict['backend']): string =>
  backend?.requested === 'auto' && backend.name === 'cpu' ? ', on cpu' : '';

/**
 * @param code by scenario: where in the user's file it failed, and the code around it
 * @param columns of the terminal
 */
/** One line for each scenario whose control no longer does what its baseline says. */
function baselineLines({ baselines }: GateResult['gate']): string[] {
  const changed = baselines.filter(({ changes }) => changes.length > 0);
  if (changed.length === 0) return [];
  const told = changed.map(
    ({ scenario, changes }) =>
      `Δ ${scenario}: the training changed since its baseline: ${changes.join('; ')}.`,
  );
  const names = changed.map(({ scenario }) => scenario).join(' ');
  return [...told, `If that is wanted: resumeproof approve ${names}`, ''];
}

/** `Since 2026-03-01 10:00 UTC (commit abc): newly failing a, b; mended c.` */
function comparisonLines(comparison: GateResult['comparison']): string[] {
  if (comparison === undefined) return [];
  const { startedAt, commit, changes } = comparison;
  const told = CHANGES.flatMap((change) => {
    const names = changes.filter((own) => own.change === change).map(({ scenario }) => scenario);
    return names.length === 0 ? [] : [`${change}: ${names.join(', ')}`];
  });
  const since = `Since ${moment(startedAt)}${commit === null ? '' : ` (commit ${shortCommit(commit)})`}`;
  return [`${since}, ${told.length === 0 ? 'nothing changed' : told.join('; ')}.`, ''];
}

export function summary(
  { gate, report, comparison }: GateResult,
  code: ReadonlyMap<string, readonly string[]> = new Map(),
  columns = columnsOf(process.stdout),
): string {
  const lines = (text: string): string[] => wrapped(text, columns, '', '  ');
  const rows = gate.verdicts.map(
    ({ asExpected, scenario, proofs, outcome, seconds, deviations, cut, backend }) => {
      const { restored, alive, faithful } = proofs ?? {};
      const mark = (proof: keyof typeof MARKS | undefined): string =>
        proof === undefined
          ? '–'
          : `${MARKS[proof]} ${proof}${deviations.length === 0 ? '' : ', by declaration'}`;
      const fault = outcome === 'refuted' || outcome === 'inconclusive';
      const expected = asExpected && fault ? `${outcome}, as expected` : outcome;
      return [
        asExpected ? '✓' : '✗',
        scenario,
        mark(restored),
        mark(alive),
        mark(faithful),
        `${asExpected ? expected : `${outcome}, NOT AS EXPECTED`}${cut === null ? '' : ', cut'}${onCpu(backend)}`,
        `${seconds.toFixed(1)} s`,
      ];
    },
  );
  const failed = gate.verdicts.filter(({ asExpected }) => !asExpected);
  const left = gate.verdicts.filter(({ outcome }) => outcome === 'skipped');
  const ran = gate.verdicts.filter(({ backend }) => backend !== null);
  const devices = [...new Set(ran.map(deviceSentence))];
  return [
    formatTable(['', 'Scenario', 'Restored', 'Alive', 'Faithful', 'Verdict', 'Time'], rows, columns),
    '',
    ...left.flatMap(({ scenario, headline }) => [...lines(`– ${scenario}: ${headline}`), '']),
    ...failed.flatMap((verdict) => [
      ...lines(`✗ ${verdict.scenario}: ${verdict.headline}`),
      ...(code.get(verdict.scenario) ?? []).map((line) => `  ${line}`),
      ...explanation(verdict, columns),
      ...leads(verdict),
      '',
    ]),
    ...cutLines(gate.verdicts).flatMap(lines),
    ...gate.verdicts.flatMap((verdict) =>
      declarations(verdict, 2).flatMap((line) => lines(`~ ${verdict.scenario}: ${line}`)),
    ),
    ...(gate.verdicts.some(({ deviations }) => deviations.length > 0) ? [''] : []),
    ...caveatLines(gate.verdicts).flatMap(lines),
    ...baselineLines(gate).flatMap(lines),
    ...comparisonLines(comparison).flatMap(lines),
    ...lines(gateSentence(gate)),
    ...lines(`Ran on ${devices.join('; ') || 'no backend'}, ${gate.seconds.toFixed(1)} s in total.`),
    `Report: ${path.relative('', report.html)}`,
    '',
  ].join('\n');
}
