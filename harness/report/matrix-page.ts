/** The page of the kill matrix: faults × scenarios, and the result of each cell. */
import type { Cell, Matrix, MatrixRow } from '../judge/matrix/matrix.ts';
import { documentOf } from './document.ts';
import { html, type Markup } from './markup.ts';
import { gapsOf, MARKS, type Mark, markOf, matrixSentence, rowMark } from './matrix-summary.ts';
import { ruleGlossary, ruleName } from './rules.ts';
import { STYLES } from './styles.ts';
import { deviceSentence } from './summary.ts';
import { count, duration, linkTo, moment } from './text.ts';

/** @param matrix with texts that are already cleaned */
export function matrixPage(matrix: Matrix): string {
  const { passed, device, startedAt, seconds, sample } = matrix;
  const drawn = sample === null ? '' : `; a sample: each fault on ${count(sample, 'scenario')}`;
  return documentOf(
    `${passed ? 'Passed' : 'Failed'} – kill matrix – resumeproof`,
    STYLES,
    html`<header class=${passed ? 'good' : 'bad'}>
        <h1>${matrixSentence(matrix)}</h1>
        ${matrix.problem !== null && html`<p class="mismatch">${matrix.problem}</p>`}
        <p>Every fault is injected into every healthy scenario that it applies to. The rules must catch it and the cause must be correct.</p>
        <p>Backend ${deviceSentence({ backend: device })}</p>
        <p class="quiet">resumeproof, started ${moment(startedAt)}, took ${duration(seconds)}${drawn}</p>
      </header>
      <main>
        ${grid(matrix)}
        ${gapTable(matrix)}
        <h3>Faults</h3>
        ${matrix.matrix.map(faultSection)}
        ${healthyTable(matrix)}
        ${ruleGlossary('Rules named above', rulesIn(matrix))}
      </main>`,
  );
}

/** The first rule of each cell, found or expected. */
const rulesIn = ({ matrix }: Matrix): ReadonlySet<string> =>
  new Set(matrix.flatMap(({ fault, cells }) => [...fault.rule, ...cells.flatMap(({ rule }) => rule ?? [])]));

const anchorOf = (row: MatrixRow): string => `fault-${row.fault.id}`;

/** What applies nowhere has no cells to compare. */
function grid({ matrix, scenarios }: Matrix): Markup {
  const rows = matrix.filter(({ standing }) => standing !== 'inapplicable');
  if (rows.length === 0 || scenarios.length === 0) return '';
  return html`<div class="wide matrix" tabindex="0" role="group" aria-label="Kill matrix"><table>
      <thead><tr>
        <th>Fault</th>
        ${scenarios.map(({ scenario }) => html`<th class="slanted"><span><bdi>${scenario}</bdi></span></th>`)}
      </tr></thead>
      <tbody>${rows.map(
        (row) => html`<tr>
          <th><a href=${`#${anchorOf(row)}`}>${chip(rowMark(row))} <bdi>${row.fault.id}</bdi></a></th>
          ${scenarios.map(({ scenario }) => gridCell(row.cells.find((cell) => cell.scenario === scenario)))}
        </tr>`,
      )}</tbody>
    </table></div>
    <ul class="key">${MARKS.map((mark) => html`<li>${chip(mark)} ${mark.says}</li>`)}<li>number: steps after the resume until the fault shows</li></ul>`;
}

function gridCell(cell: Cell | undefined): Markup {
  if (cell === undefined) return html`<td></td>`;
  const mark = markOf(cell);
  const title = [cell.scenario, mark.says, cell.rule, cell.cause, cell.headline, cell.why];
  return html`<td class=${`cell ${mark.tone}`} title=${title.filter((part) => part !== null).join(' · ')}>
    ${mark.sign}${cell.steps !== null && html` <small>${cell.steps}</small>`}
  </td>`;
}

/** Each reason with all its faults, and the scenarios that were left out. */
function gapTable(matrix: Matrix): Markup {
  const gaps = gapsOf(matrix);
  const { leftOut, matrix: rows, applicable } = matrix;
  if (gaps.length + leftOut.length === 0) return '';
  const byId = new Map(rows.map((row) => [row.fault.id, row]));
  return html`<h3 id="gaps">What does not apply <small>${count(rows.length - applicable, 'fault')} to no scenario here</small></h3>
    <div class="wide" tabindex="0" role="group" aria-label="Table"><table>
      <thead><tr><th>Scenarios</th><th>Reason</th><th>Faults</th></tr></thead>
      <tbody>${gaps.map(({ scenarios, reasons }) =>
        reasons.map(
          ({ why, faults }, at) => html`<tr>
            ${at === 0 && html`<td rowspan=${reasons.length}>${scenarios.map((name, index) => html`${index > 0 && ', '}<bdi>${name}</bdi>`)}</td>`}
            <td>${why ?? 'no reason given'}</td>
            <td><details><summary>${count(faults.length, 'fault')}</summary>${faults.map((id, index) => html`${index > 0 && ', '}<a href=${`#${anchorOf(byId.get(id)!)}`}>${id}</a>`)}</details></td>
          </tr>`,
        ),
      )}${leftOut.map(({ scenario, why }) => html`<tr><td><bdi>${scenario}</bdi></td><td>left out: ${why}</td><td>all</td></tr>`)}</tbody>
    </table></div>`;
}

const chip = ({ sign, tone }: Mark): Markup => html`<span class=${`chip ${tone}`}>${sign}</span>`;

function faultSection(row: MatrixRow): Markup {
  const { fault, cells } = row;
  const mark = rowMark(row);
  const shown = cells.filter(({ outcome }) => outcome !== 'not-applicable' && outcome !== 'not-run');
  const left = (['not-applicable', 'not-run'] as const).map((outcome) => ({
    outcome,
    those: cells.filter((cell) => cell.outcome === outcome),
  }));
  return html`<details id=${anchorOf(row)} class="fault" open=${mark.tone === 'bad' || mark.tone === 'doubt'}>
    <summary>${chip(mark)} <strong><bdi>${fault.id}</bdi></strong> ${mark.says}</summary>
    <p>${fault.breaks}</p>
    <dl class="facts">
      <dt>Must refute</dt><dd>${fault.proofs.join(', ')}</dd>
      <dt>First rule</dt><dd>${fault.rule.map((id, at) => html`${at > 0 && ' or '}${ruleName(id)}`)}, cause <code>${fault.cause.join(' or ')}</code></dd>
      ${fault.reports.length > 0 && html`<dt>Modelled on</dt><dd>${fault.reports.join(', ')}</dd>`}
      ${left.map(({ outcome, those }) => those.length > 0 && html`<dt>${markOf({ outcome, headlineRight: false }).says}</dt><dd>${reasons(those)}</dd>`)}
    </dl>
    ${
      shown.length > 0 &&
      html`<div class="wide" tabindex="0" role="group" aria-label="Table"><table>
        <thead><tr><th>Scenario</th><th>Outcome</th><th class="number">Steps</th><th>Rule</th><th>Cause</th><th>Headline</th></tr></thead>
        <tbody>${shown.map(cellRow)}</tbody>
      </table></div>`
    }
  </details>`;
}

/** The scenarios that were left out, grouped by reason. */
function reasons(cells: readonly Cell[]): string {
  const byWhy = [...Map.groupBy(cells, ({ why }) => why)];
  return byWhy
    .map(([why, those]) => {
      const names = those.map(({ scenario }) => scenario).join(', ');
      return why === null ? names : `${names} (${why.replace(/\.$/, '')})`;
    })
    .join('; ');
}

function cellRow(cell: Cell): Markup {
  const mark = markOf(cell);
  const link = cell.kept === null ? undefined : linkTo(cell.kept);
  return html`<tr>
    <td><bdi>${cell.scenario}</bdi></td>
    <td>${chip(mark)} ${mark.says}${cell.why !== null && html`<p class="quiet">${cell.why}</p>`}${link !== undefined && html`<p><a href=${`${link}/verdict.json`}>verdict and traces</a></p>`}</td>
    <td class="number">${cell.steps ?? '–'}</td>
    <td>${cell.rule !== null && ruleName(cell.rule)}</td>
    <td>${cell.cause !== null && html`<code>${cell.cause}</code>`}</td>
    <td class="sentence">${cell.headline}</td>
  </tr>`;
}

function healthyTable({ scenarios }: Matrix): Markup {
  return html`<h3>Without a fault <small>the same scenarios, judged by the same rules</small></h3>
    <div class="wide" tabindex="0" role="group" aria-label="Table"><table>
      <thead><tr><th>Scenario</th><th>Outcome</th><th>Summary</th><th class="number">Time</th></tr></thead>
      <tbody>${scenarios.map(
        ({ scenario, outcome, falseAlarm, headline, caveats, seconds }) => html`<tr>
          <td><bdi>${scenario}</bdi></td>
          <td><span class=${`chip ${falseAlarm ? 'bad' : outcome === 'skipped' ? 'quiet' : 'good'}`}>${falseAlarm ? `${outcome}: false alarm` : outcome}</span></td>
          <td class="sentence">${headline}${caveats.map((caveat) => html`<p class="caveat">${caveat}</p>`)}</td>
          <td class="number">${duration(seconds)}</td>
        </tr>`,
      )}</tbody>
    </table></div>`;
}
