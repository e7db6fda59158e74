/** One scenario: its findings, processes, heat map, curves and samples. */
/// <reference lib="dom" />
import type { Detail, Fact, PageIndex, RunRow, ScenarioRow } from '../data.ts';
import { html, type Markup } from '../markup.ts';
import { count, duration } from '../text.ts';
import { Curves } from './curves.ts';
import { Decide } from './decisions.ts';
import { useDetail } from './detail.ts';
import { Findings } from './findings.ts';
import { HeatMap } from './heat-map.ts';
import { moveFocus, useKeys } from './keys.ts';
import { linkOf, type Place } from './location.ts';
import { Samples } from './samples.ts';
import { Baselines, Trend } from './since.ts';
import { Timeline } from './timeline.ts';

interface ViewProps {
  readonly index: PageIndex;
  readonly row: ScenarioRow;
  readonly place: Place;
  /** Where the list is. */
  readonly list: Place;
  readonly previous: ScenarioRow | undefined;
  readonly next: ScenarioRow | undefined;
}

export function ScenarioView({ index, row, place, list, previous, next }: ViewProps): Markup {
  const { detail, problem } = useDetail(row);
  useKeys({ j: () => moveFocus(1), k: () => moveFocus(-1) });
  const to = (other: ScenarioRow | undefined, label: string): Markup =>
    other === undefined
      ? ''
      : html`<a href=${linkOf({ ...list, scenario: other.name })}>${label}: <bdi>${other.name}</bdi></a>`;
  return html`<nav class="steps" aria-label="Scenarios"><a href=${linkOf(list)}>All scenarios</a> ${to(previous, 'Previous')} ${to(next, 'Next')}</nav>
    <section class=${`scenario ${row.tone}`} aria-label=${row.name}>
      <h2><bdi>${row.name}</bdi> <span class=${`chip ${row.tone}`}>${row.standing}</span></h2>
      <p class="headline">${row.headline}</p>
      ${row.mismatch !== null && html`<p class="mismatch">${row.mismatch}</p>`}
      <${Baselines} baselines=${index.baselines} only=${row.name} />
      <${Decide} row=${row} />
      ${problem !== undefined && html`<p class="mismatch">${problem}</p>`}
      ${detail === undefined ? problem === undefined && html`<p class="quiet" role="status">Reading …</p>` : html`<${Parts} index=${index} detail=${detail} place=${place} />`}
    </section>`;
}

interface PartsProps {
  readonly index: PageIndex;
  readonly detail: Detail;
  readonly place: Place;
}

function Parts({ index, detail, place }: PartsProps): Markup {
  const { caveats, about, facts, findings, processes, parameters, curves, resumeAt, runs, moreRuns } = detail;
  return html`${caveats.map((caveat) => html`<p class="caveat"><strong>Caveat</strong> ${caveat}</p>`)}
    ${about !== '' && html`<p class="quiet">${about}</p>`}
    <${Findings} findings=${findings} rules=${index.rules} place=${place} />
    ${processes.length > 0 && html`<${Timeline} processes=${processes} steps=${detail.steps} />`}
    ${parameters !== null && html`<${HeatMap} map=${parameters} place=${place} />`}
    ${curves.length > 0 && html`<${Curves} title="Curves" curves=${curves} resumeAt=${resumeAt} />`}
    <${Samples} detail=${detail} />
    <${Trend} title="Earlier runs" points=${detail.trend} />
    <h3>The run</h3>
    <dl class="facts">${facts.map(factRow)}</dl>
    ${noiseTable(detail.noise)}
    ${runs.length > 0 && runTable(runs, moreRuns)}`;
}

function factRow({ label, lines, kind }: Fact): Markup {
  return html`<dt>${label}</dt><dd>${lines.map((line) =>
    kind === 'command'
      ? html`<code class="command">${line}</code>`
      : html`<p class=${kind === 'caveat' ? 'caveat' : ''}>${line}</p>`,
  )}</dd>`;
}

/** By quantity, the noise of the controls and the difference that it allows; empty if all are equal to the bit. */
function noiseTable(noise: Detail['noise']): Markup {
  if (noise === null || noise.quantities.length === 0) return '';
  const figures = (value: number): string => value.toExponential(1);
  return html`<h4>Noise of the controls</h4><div class="wide" tabindex="0" role="group" aria-label="Table"><table>
      <thead><tr><th>Quantity</th><th class="number">Noise, relative</th><th class="number">Allowed</th><th class="number">Standard deviations</th><th class="number">Degrees of freedom</th><th class="number">Comparisons</th></tr></thead>
      <tbody>${noise.quantities.map(
        ({ quantity, floor, allowed, factor, degrees, comparisons }) => html`<tr>
          <td>${quantity}</td>
          <td class="number">${figures(floor)}</td>
          <td class="number">${allowed === null ? 'nothing to compare' : `${figures(allowed.least)} to ${figures(allowed.most)}`}</td>
          <td class="number">${factor.toFixed(1)}</td>
          <td class="number">${degrees < 1000 ? degrees.toFixed(1) : '> 1000'}</td>
          <td class="number">${comparisons}</td>
        </tr>`,
      )}</tbody>
    </table></div>`;
}

function runTable(runs: readonly RunRow[], more: number): Markup {
  return html`<h4>Processes and their traces</h4>
    <div class="wide" tabindex="0" role="group" aria-label="Table"><table>
      <thead><tr><th>Process</th><th>Outcome</th><th>Exit</th><th class="number">Time</th><th>Trace</th></tr></thead>
      <tbody>${runs.map(runRow)}</tbody>
    </table></div>
    ${more > 0 && html`<p class="quiet">and ${count(more, 'more run')}</p>`}`;
}

function runRow(run: RunRow): Markup {
  const told = run.notes.length > 0 || run.stderr.length > 0;
  return html`<tr>
      <td>${run.name}</td>
      <td class=${run.sound ? '' : 'mark-refuted'}>${run.outcome}</td>
      <td>${run.exit}</td>
      <td class="number">${duration(run.seconds)}</td>
      <td>${run.link === undefined ? html`<code>${run.trace}</code> (no link: the path leads out of the folder)` : html`<a href=${run.link}>${run.trace}</a>`}</td>
    </tr>
    ${
      told &&
      html`<tr class="told"><td colspan="5">
        ${run.notes.map((note) => html`<p>${note}</p>`)}
        ${run.stderr.length > 0 && html`<details open=${!run.sound}><summary>end of stderr</summary><pre>${run.stderr.join('\n')}</pre></details>`}
      </td></tr>`
    }`;
}
