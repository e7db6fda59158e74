/** The gate in Markdown, for the summary of a CI job or a comment. GitHub shows no images of a page's own, so it has none. */
import type { Gate, Verdict } from '../judge/verdict.ts';
import { fromCheckout } from './location.ts';
import { deviceSentence, gateSentence, isGreen, reason, standing } from './summary.ts';
import { count, cut, duration, shortCommit, visible } from './text.ts';

/** GitHub refuses a summary of more than 1 MiB. These limits keep any gate below it. */
const MAX_ROWS = 60;
const MAX_LISTED = 300;
const MAX_CAVEATS = 60;
const CELL = 400;
const NAME = 80;

/**
 * The sentence of the gate, a table of what is not as expected, and the rest in a list that is folded.
 * @param page the report's `index.html`, relative to the working folder; null if it is elsewhere
 */
export function markdown(gate: Gate, page: string | null): string {
  const wrong = gate.verdicts.filter(({ asExpected }) => !asExpected);
  const right = gate.verdicts.filter(({ asExpected }) => asExpected);
  const blocks = [
    `### ${isGreen(gate) ? '✅' : '❌'} resumeproof`,
    plain(gateSentence(gate), 2 * CELL),
    ...table(gate, wrong),
    ...folded(right),
    ...caveats(gate.verdicts),
    `${ranOn(gate)}${madeFrom(gate)}`,
    whereReport(gate, page),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function table(gate: Gate, wrong: readonly Verdict[]): string[] {
  if (wrong.length === 0) return [];
  const rows = wrong.slice(0, MAX_ROWS).map((verdict) => {
    const [root] = verdict.findings;
    const file = fromCheckout(gate.origin, verdict.file);
    const scenario = plain(verdict.scenario, NAME);
    const cells = [
      file === undefined ? scenario : `${scenario}<br>${code(file, 2 * NAME)}`,
      plain(reason(verdict), CELL),
      plain(root?.likelyCause ?? '–', CELL),
      plain(root?.fix ?? '–', CELL),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const more = wrong.length - rows.length;
  return [
    ['| Scenario | Diagnosis | Likely cause | Fix |', '| --- | --- | --- | --- |', ...rows].join('\n'),
    ...(more > 0 ? [`And ${count(more, 'more scenario')} not as expected, in the report.`] : []),
  ];
}

function folded(right: readonly Verdict[]): string[] {
  if (right.length === 0) return [];
  const lines = right
    .slice(0, MAX_LISTED)
    .map(
      (verdict) =>
        `- ${plain(verdict.scenario, NAME)}: ${verdict.outcome}${verdict.outcome === 'proven' ? '' : `, ${standing(verdict)}`} (${duration(verdict.seconds)})`,
    );
  const more = right.length - lines.length;
  return [
    `<details><summary>${count(right.length, 'scenario')} as expected</summary>`,
    [...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n'),
    '</details>',
  ];
}

/** Each caveat once, with the scenarios that it applies to. */
function caveats(verdicts: readonly Verdict[]): string[] {
  const all = verdicts.flatMap((verdict) => verdict.caveats.map((caveat) => ({ verdict, caveat })));
  const lines = [...Map.groupBy(all, ({ caveat }) => caveat)].map(([caveat, those]) => {
    const names = those.map(({ verdict }) => verdict.scenario).join(', ');
    return `- ${plain(names, CELL)}: ${plain(caveat, CELL)}`;
  });
  if (lines.length === 0) return [];
  const more = lines.length - MAX_CAVEATS;
  return [
    [
      '**Caveats**',
      '',
      ...lines.slice(0, MAX_CAVEATS),
      ...(more > 0 ? [`- and ${count(more, 'more caveat')}`] : []),
    ].join('\n'),
  ];
}

function ranOn({ verdicts, seconds }: Gate): string {
  const devices = new Set(verdicts.filter(({ backend }) => backend !== null).map(deviceSentence));
  return `Ran on ${plain([...devices].join('; ') || 'no backend', CELL)}, ${duration(seconds)} in total.`;
}

function madeFrom({ origin: { commit, branch } }: Gate): string {
  if (commit === null) return '';
  return ` Commit ${code(shortCommit(commit), NAME)}${branch === null ? '' : ` of ${code(branch, NAME)}`}.`;
}

function whereReport({ origin }: Gate, page: string | null): string {
  const path = page === null ? undefined : fromCheckout(origin, page);
  const report = path === undefined ? 'The report' : `The report, ${code(path, CELL)},`;
  if (origin.job === null) return path === undefined ? '' : `${report.replace(/,$/, '')}.`;
  const job = plain(origin.job, NAME);
  // Only an address that cannot end the link.
  const isAddress = /^https?:\/\/[\w.~:/?#@!$&'*+,;=%-]+$/.test(origin.url ?? '');
  return `${report} is among the artifacts of ${isAddress ? `[${job}](${origin.url})` : job} if the job uploads them.`;
}

/** Characters that Markdown may read as markup inside of a line; HTML's are written as entities. */
const MARKUP = /[\\`*_[\]|~#$!]|:(?=\/\/)|(?<=www)\./gi;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '@': '&#64;' };

/** A text as one line of Markdown that shows as it is: no markup, no HTML, no link, no mention. */
function plain(text: string, limit: number): string {
  return cut(visible(text, Number.POSITIVE_INFINITY).replaceAll(/\s+/g, ' ').trim(), limit)
    .replaceAll(MARKUP, '\\$&')
    .replaceAll(/[&<>@]/g, (character) => ENTITIES[character]!);
}

const code = (text: string, limit: number): string => `<code>${plain(text, limit)}</code>`;
