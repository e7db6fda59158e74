/** Curves over the steps, with one cursor for all, and their differences from the control. */
/// <reference lib="dom" />
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { html, type Markup } from '../markup.ts';
import type { Curve, Series } from '../series.ts';
import { figure } from '../text.ts';
import { type Colours, useColours, useWidth } from './colours.ts';
import { csvOf, download } from './download.ts';

const HEIGHT = 200;
/** Rows of a table that are drawn. */
const ROWS = 200;

interface CurvesProps {
  readonly title: string;
  readonly curves: readonly Curve[];
  readonly resumeAt: readonly number[];
}

export function Curves({ title, curves, resumeAt }: CurvesProps): Markup {
  const [difference, setDifference] = useState(false);
  const [log, setLog] = useState(false);
  const shown = curves.filter(({ series }) =>
    series.some(({ points }) => points.some(({ value }) => Number.isFinite(value))),
  );
  const lacking = curves.filter((curve) => !shown.includes(curve));
  return html`<h3>${title} <small>by step; vertical lines: the resumes; drag to zoom, double-click to see all</small></h3>
    <p class="controls">
      <label><input type="checkbox" checked=${difference} onChange=${() => setDifference(!difference)} /> resumed − control</label>
      <label><input type="checkbox" checked=${log} disabled=${difference} onChange=${() => setLog(!log)} /> logarithmic</label>
      <button type="button" onClick=${() => download(`${title}.csv`, 'text/csv', csvOfCurves(shown))}>CSV</button>
    </p>
    <div class="curves">${shown.map((curve) => html`<${Chart} key=${curve.title} curve=${difference ? differenceOf(curve) : curve} resumeAt=${resumeAt} log=${log && !difference} group=${title} />`)}</div>
    ${lacking.length > 0 && html`<p class="quiet">Not recorded: ${lacking.map((curve) => curve.title).join(', ')}.</p>`}`;
}

/** Each process's values minus the control's at the same step. */
function differenceOf(curve: Curve): Curve {
  const control = new Map(
    curve.series.find(({ role }) => role === 'control')?.points.map(({ step, value }) => [step, value]),
  );
  const series = curve.series
    .filter(({ role }) => role !== 'control')
    .map((own) => ({
      ...own,
      points: own.points.map(({ step, value }) => ({
        step,
        value: value - (control.get(step) ?? Number.NaN),
      })),
    }));
  return { title: `${curve.title}: resumed − control`, series };
}

const csvOfCurves = (curves: readonly Curve[]): string =>
  csvOf([
    ['curve', 'process', 'step', 'value'],
    ...curves.flatMap(({ title, series }) =>
      series.flatMap(({ label, points }) =>
        points.map(({ step, value }) => [title, label, step, Number.isFinite(value) ? value : null]),
      ),
    ),
  ]);

interface ChartProps {
  readonly curve: Curve;
  readonly resumeAt: readonly number[];
  readonly log: boolean;
  /** Charts with the same name share a cursor. */
  readonly group: string;
}

function Chart({ curve, resumeAt, log, group }: ChartProps): Markup {
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const colours = useColours();
  const [cursor, setCursor] = useState<number | undefined>();
  const data = useMemo(() => aligned(curve, log), [curve, log]);
  useEffect(() => {
    if (width === 0 || place.current === null) return undefined;
    const chart = new uPlot(
      options(curve, { resumeAt, log, group, width, colours, setCursor }),
      data,
      place.current,
    );
    return () => chart.destroy();
  }, [curve, data, width, colours, log, group, resumeAt]);
  return html`<figure class="curve">
    <figcaption>${curve.title}${log && html` <small>(logarithmic)</small>`}</figcaption>
    <div ref=${place} class="plot" role="img" aria-label=${`${curve.title} by step; the table below has the values`}></div>
    <ul class="legend">${curve.series.map((series, at) => legendRow(series, cursor === undefined ? undefined : data[at + 1]?.[cursor]))}</ul>
    <p class="cursor quiet">${cursor === undefined ? '' : `step ${data[0][cursor]}`}</p>
    <${Table} curve=${curve} />
  </figure>`;
}

function legendRow({ role, label, note }: Series, value: number | null | undefined): Markup {
  return html`<li>
    <svg class="swatch" viewBox="0 0 28 8" aria-hidden="true"><g class=${`series ${role}`}><path d="M1,4H27" /></g></svg>
    <span><b>${label}</b>${value !== undefined ? html` <b class="value">${valueText(value)}</b>` : note !== '' && `: ${note}`}</span>
  </li>`;
}

/** The steps of all series, and each series' values at them. */
function aligned({ series }: Curve, log: boolean): uPlot.AlignedData {
  const steps = [...new Set(series.flatMap(({ points }) => points.map(({ step }) => step)))].sort(
    (a, b) => a - b,
  );
  const at = new Map(steps.map((step, index) => [step, index]));
  return [
    steps,
    ...series.map(({ points }) => {
      const values: (number | null | undefined)[] = Array(steps.length).fill(undefined);
      // Null is a gap in the line. A logarithm has no zero.
      for (const { step, value } of points)
        values[at.get(step)!] = !Number.isFinite(value) || (log && value <= 0) ? null : value;
      return values;
    }),
  ] as uPlot.AlignedData;
}

const STROKES = {
  control: { width: 5, dash: [] },
  before: { width: 2, dash: [7, 4] },
  after: { width: 2, dash: [] },
} as const;

interface Drawing {
  readonly resumeAt: readonly number[];
  readonly log: boolean;
  readonly group: string;
  readonly width: number;
  readonly colours: Colours;
  /** Is told the index of the step under the cursor. */
  readonly setCursor: (index: number | undefined) => void;
}

function options(
  { series }: Curve,
  { resumeAt, log, group, width, colours, setCursor }: Drawing,
): uPlot.Options {
  const axis = {
    stroke: colours.soft,
    grid: { stroke: colours.rule, width: 0.7 },
    ticks: { stroke: colours.rule, width: 0.7 },
  };
  return {
    width,
    height: HEIGHT,
    cursor: { sync: { key: group }, points: { size: 6 } },
    legend: { show: false },
    scales: { x: { time: false }, y: log ? { distr: 3 } : {} },
    axes: [
      axis,
      {
        ...axis,
        size: 62,
        values: (_plot, ticks) => ticks.map((tick) => (tick === null ? '' : figure(tick))),
      },
    ],
    series: [
      { label: 'step' },
      ...series.map(({ role, label, points }) => ({
        label,
        stroke: colours[role],
        width: STROKES[role].width,
        dash: [...STROKES[role].dash],
        spanGaps: false,
        points: { show: role !== 'control' && points.length <= 60, size: 5, fill: colours[role] },
      })),
    ],
    hooks: {
      setCursor: [(plot) => setCursor(plot.cursor.idx ?? undefined)],
      draw: [
        (plot) => {
          plot.ctx.save();
          plot.ctx.strokeStyle = colours.ink;
          plot.ctx.setLineDash([2, 4]);
          plot.ctx.beginPath();
          for (const step of resumeAt) {
            const x = Math.round(plot.valToPos(step, 'x', true));
            if (x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) continue;
            plot.ctx.moveTo(x, plot.bbox.top);
            plot.ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
          }
          plot.ctx.stroke();
          plot.ctx.restore();
        },
      ],
    },
  };
}

function Table({ curve }: { readonly curve: Curve }): Markup {
  const [open, setOpen] = useState(false);
  const [steps = [], ...columns] = open ? aligned(curve, false) : [];
  return html`<details onToggle=${(event: Event) => setOpen((event.target as HTMLDetailsElement).open)}>
    <summary>Values</summary>
    ${
      open &&
      html`<div class="wide values" tabindex="0" role="group" aria-label="Table of values"><table>
        <thead><tr><th class="number">Step</th>${curve.series.map(({ label }) => html`<th class="number">${label}</th>`)}</tr></thead>
        <tbody>${[...steps].slice(0, ROWS).map((step, row) => html`<tr><td class="number">${step}</td>${columns.map((values) => html`<td class="number">${valueText(values[row])}</td>`)}</tr>`)}</tbody>
      </table></div>
      ${steps.length > ROWS && html`<p class="quiet">The first ${ROWS} of ${steps.length} steps; the CSV has all.</p>`}`
    }
  </details>`;
}

const valueText = (value: number | null | undefined): string =>
  value === undefined ? '' : value === null ? 'not finite' : figure(value);
