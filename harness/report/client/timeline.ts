/** The processes of a run as lines over its steps, with saves, resumes and crashes. */
/// <reference lib="dom" />
import { scaleLinear } from 'd3-scale';
import type { ProcessData } from '../data.ts';
import { html, type Markup } from '../markup.ts';

const ROW = 26;
const WIDTH = 720;
const LEFT = 120;
const RIGHT = 16;
const TOP = 20;

interface TimelineProps {
  readonly processes: readonly ProcessData[];
  readonly steps: number;
}

export function Timeline({ processes, steps }: TimelineProps): Markup {
  const last = Math.max(steps, ...processes.map(({ end, until }) => Math.max(end, until)));
  const x = scaleLinear([0, Math.max(1, last)], [LEFT, WIDTH - RIGHT]);
  const y = (row: number): number => TOP + row * ROW + ROW / 2;
  const rows = new Map(processes.map(({ id }, row) => [id, row]));
  const height = TOP + processes.length * ROW + 6;
  return html`<h3>Processes</h3>
    <div class="wide" tabindex="0" role="group" aria-label="Timeline"><svg class="timeline" viewBox=${`0 0 ${WIDTH} ${height}`} role="img" aria-label="Processes over the steps of the run; the table below says the same">
      ${x
        .ticks(8)
        .filter(Number.isInteger)
        .map(
          (step) =>
            html`<g><line class="grid" x1=${x(step)} x2=${x(step)} y1=${TOP} y2=${height} /><text class="tick" x=${x(step)} y="12" text-anchor="middle">${step}</text></g>`,
        )}
      ${processes.map((process, row) => line(process, x, y(row), process.from === null ? undefined : rows.get(process.from), y))}
    </svg></div>
    <ul class="legend row"><li><span aria-hidden="true">●</span> saved</li><li><span aria-hidden="true">◂</span> resumed from</li><li><span class="mark-refuted" aria-hidden="true">✕</span> ended otherwise than by itself</li></ul>
    <details><summary>Processes as a table</summary><div class="wide" tabindex="0" role="group" aria-label="Table"><table>
      <thead><tr><th>Process</th><th>Resumed from</th><th>Steps</th><th>Saved after</th><th>Backend</th><th>End</th></tr></thead>
      <tbody>${processes.map(
        (own) =>
          html`<tr><td>${own.id}</td><td>${own.from === null ? '–' : `${own.from}, step ${own.start}`}</td><td>${own.start + 1} to ${own.end}</td><td>${own.saves.join(', ') || '–'}</td><td>${own.backend ?? '–'}</td><td>${own.outcome}</td></tr>`,
      )}</tbody>
    </table></div></details>`;
}

function line(
  { id, role, start, end, saves, sound, killed, outcome }: ProcessData,
  x: (step: number) => number,
  y: number,
  source: number | undefined,
  rowAt: (row: number) => number,
): Markup {
  const kind = role === 'before' || role === 'after' ? role : 'control';
  const bad = !sound && !killed;
  return html`<g class=${`series ${kind}`}>
    <title>${`${id}: ${outcome}`}</title>
    <text class="name" x=${LEFT - 10} y=${y + 4} text-anchor="end">${id.length > 16 ? `${id.slice(0, 15)}…` : id}</text>
    ${source !== undefined && html`<path class="resume" d=${`M${x(start)},${rowAt(source)}V${y}`} />`}
    <line x1=${x(start)} x2=${x(end)} y1=${y} y2=${y} />
    ${saves.map((step) => html`<circle cx=${x(step)} cy=${y} r="4" />`)}
    ${source !== undefined && html`<path class="arrow" d=${`M${x(start)},${y}l7,-5v10z`} />`}
    ${(killed || bad) && html`<path class="crash" d=${`M${x(end) - 5},${y - 5}l10,10m0,-10l-10,10`} />`}
  </g>`;
}
