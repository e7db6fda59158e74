/** Curves as SVG: the control and the interrupted run, distinguished by colour, width and dash. */
import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import { html, type Markup } from './markup.ts';
import type { Curve, Point, Series } from './series.ts';
import { figure } from './text.ts';

const WIDTH = 340;
const HEIGHT = 170;
const LEFT = 50;
const RIGHT = WIDTH - 8;
const TOP = 8;
const BOTTOM = HEIGHT - 20;
/** Where zero is drawn on a logarithmic axis, below its own lowest value. */
const ZERO_GAP = 14;
const DOTS_UP_TO = 60;

interface Axis {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
  readonly log: boolean;
}

/** A figure with its legend. `resumeAt` in steps, `steps` the length of the run. */
export function curveFigure(curve: Curve, steps: number, resumeAt: readonly number[]): Markup {
  const values = curve.series
    .flatMap(({ points }) => points.map(({ value }) => value))
    .filter(Number.isFinite);
  const last = curve.series.reduce(
    (max, { points }) => Math.max(max, points.at(-1)?.step ?? 1),
    Math.min(steps, 1e9),
  );
  const x = scaleLinear([1, Math.max(2, last)], [LEFT, RIGHT]);
  const y = verticalAxis(values);
  const path = line<Point>()
    .defined(({ value }) => Number.isFinite(value))
    .x(({ step }) => round(x(step)))
    .y(({ value }) => round(y.at(value)));
  const marks = resumeAt.filter((step) => step <= last).slice(0, 50);
  return html`<figure class="curve">
    <figcaption>${curve.title}${y.log ? html` <small>(logarithmic)</small>` : ''}</figcaption>
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${`${curve.title} by step; the legend describes it`}>
      ${y.ticks.map((tick) => horizontal(tick, y.at(tick)))}
      ${x
        .ticks(6)
        .filter(Number.isInteger)
        .map(
          (t) => html`<text class="tick" x=${round(x(t))} y=${HEIGHT - 6} text-anchor="middle">${t}</text>`,
        )}
      ${marks.map((step) => html`<line class="mark" x1=${round(x(step))} x2=${round(x(step))} y1=${TOP} y2=${BOTTOM} />`)}
      ${curve.series.map(
        (series) => html`<g class=${`series ${series.role}`}>
        <path d=${path(series.points as Point[]) ?? ''} />${dots(series, x, y)}
      </g>`,
      )}
      ${values.length === 0 ? html`<text class="tick" x=${WIDTH / 2} y=${HEIGHT / 2} text-anchor="middle">no values</text>` : ''}
    </svg>
    <ul class="legend">${curve.series.map(legend)}</ul>
  </figure>`;
}

/** Logarithmic where the values span two decades or more and none is negative. */
function verticalAxis(values: readonly number[]): Axis {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let least = Number.POSITIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    if (value > 0) least = Math.min(least, value);
  }
  if (low >= 0 && high / least >= 100) {
    const floor = low === 0 ? BOTTOM - ZERO_GAP : BOTTOM;
    const scale = scaleLog([least, high], [floor, TOP]);
    const decades = decadeTicks(least, high);
    return {
      at: (v) => (v > 0 ? scale(v) : BOTTOM),
      ticks: low === 0 ? [0, ...decades] : decades,
      log: true,
    };
  }
  if (values.length === 0) return { at: () => BOTTOM, ticks: [], log: false };
  // A level line sits in the middle, zero at the bottom.
  const pad = high === low ? Math.abs(high) * 0.5 || 1 : 0;
  const scale = scaleLinear(
    [low >= 0 ? Math.max(0, low - pad) : low - pad, high + pad],
    [BOTTOM - 3, TOP + 3],
  );
  // Below a double's resolution d3 finds no round ticks, and among subnormal numbers it throws.
  const fine = high - low < 1e-12 * Math.max(Math.abs(low), Math.abs(high)) || high - low < 1e-290;
  return { at: scale, ticks: fine ? [low] : scale.ticks(4), log: false };
}

function decadeTicks(low: number, high: number): number[] {
  const [from, to] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
  const every = Math.max(1, Math.ceil((to - from + 1) / 5));
  const ticks: number[] = [];
  for (let exponent = from; exponent <= to; exponent += every) ticks.push(10 ** exponent);
  return ticks.filter((tick) => tick >= low && tick <= high);
}

function horizontal(value: number, at: number): Markup {
  const y = round(at);
  return html`<line class="grid" x1=${LEFT} x2=${RIGHT} y1=${y} y2=${y} />
    <text class="tick" x=${LEFT - 5} y=${y + 3} text-anchor="end">${figure(value)}</text>`;
}

function dots(series: Series, x: (step: number) => number, y: Axis): Markup {
  if (series.points.length > DOTS_UP_TO || series.role === 'control') return '';
  return series.points
    .filter(({ value }) => Number.isFinite(value))
    .map(({ step, value }) => html`<circle cx=${round(x(step))} cy=${round(y.at(value))} r="1.8" />`);
}

function legend(series: Series): Markup {
  return html`<li>
    <svg class="swatch" viewBox="0 0 28 8" aria-hidden="true"><g class=${`series ${series.role}`}><path d="M1,4H27" /></g></svg>
    <span><b>${series.label}</b>${series.note === '' ? '' : `: ${series.note}`}</span>
  </li>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
