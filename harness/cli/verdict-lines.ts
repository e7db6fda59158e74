/** A verdict as lines: in a log, above the live view and in the summary. */
import { command } from '../backend/command.ts';
import type { Verdict } from '../judge/verdict.ts';
import { explaining } from '../report/summary.ts';
import { visible } from '../report/text.ts';
import { wrapped } from './layout.ts';

export const MARKS = { proven: '✓', refuted: '✗', inconclusive: '?', skipped: '–' } as const;

/** The outcome in a line; below it, what is not as expected is explained. */
export function verdictLines(verdict: Verdict, columns: number): string[] {
  const { scenario, outcome, asExpected, seconds } = verdict;
  const expected = asExpected ? (outcome === 'refuted' ? ', as expected' : '') : ', NOT AS EXPECTED';
  const line = `${asExpected ? (outcome === 'skipped' ? MARKS.skipped : '✓') : '✗'} ${visible(scenario)}: ${outcome}${expected} (${seconds.toFixed(1)} s)`;
  return [
    ...wrapped(line, columns, '', '  '),
    ...(outcome === 'skipped' || !asExpected ? wrapped(visible(verdict.headline), columns, '  ') : []),
    ...(asExpected ? [] : explanation(verdict, columns)),
  ];
}

/** Beneath the diagnosis of a failure: what was expected, the likely cause and the fix. */
export function explanation({ expect, mismatch, findings }: Verdict, columns: number): string[] {
  const [first] = findings;
  return [
    // Where a proof was expected, the diagnosis says it all.
    ...(mismatch === null || expect === 'proven' ? [] : wrapped(visible(mismatch), columns, '  ')),
    ...(first === undefined
      ? []
      : [...labelled('likely cause', first.likelyCause, columns), ...labelled('fix', first.fix, columns)]),
  ];
}

/** A labelled text; its further lines are indented. */
const labelled = (label: string, text: string, columns: number): string[] =>
  wrapped(visible(text), columns, `  ${label}: `, '    ');

/** How to learn more of a failure: the commands that explain its rule and that repeat it. */
export const leads = ({ findings, replay }: Verdict): string[] => [
  ...findings.slice(0, 1).map(({ rule }) => `  see ${explaining(rule, command())}`),
  `  run again: ${visible(replay)}`,
];
