/** Parameters × steps: how large each update of the interrupted run is, compared with the control's. */
/// <reference lib="dom" />
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type ParameterMap, QUANTITIES } from '../data.ts';
import { html, type Markup } from '../markup.ts';
import { CODES, factorOf, strengthOf } from '../ratio.ts';
import type { Curve } from '../series.ts';
import { count, figure } from '../text.ts';
import { type Colours, useColours, useWidth } from './colours.ts';
import { Curves } from './curves.ts';
import { csvOf, download } from './download.ts';
import { go, type Place } from './location.ts';

/** Heights of a row in CSS pixels: with its name, and if all rows are to be seen at once. */
const NAMED = 15;
const WHOLE = { rows: 480, least: 1, most: 15 };
const TOP = 34;
const LEFT = 190;
/** Octaves at which a colour is full. */
const FULL = 4;

interface HeatMapProps {
  readonly map: ParameterMap;
  readonly place: Place;
}

interface Cell {
  readonly row: number;
  readonly column: number;
}

export function HeatMap({ map, place }: HeatMapProps): Markup {
  const [search, setSearch] = useState('');
  const [named, setNamed] = useState(map.names.length <= 60);
  const [pointed, setPointed] = useState<Cell | undefined>();
  const shown = useMemo(() => {
    const wanted = search.toLowerCase();
    const all = map.names.map((_, index) => index);
    return wanted === ''
      ? all
      : all.filter((index) =>
          `${map.names[index]} ${map.groups[index] ?? ''}`.toLowerCase().includes(wanted),
        );
  }, [map, search]);
  const chosen = place.parameter === undefined ? -1 : map.names.indexOf(place.parameter);
  const choose = (index: number): void => {
    const name = map.names[index];
    if (name !== undefined) go({ ...place, parameter: name });
  };
  const every =
    map.every === 1 ? '' : ` Each column stands for ${map.every} steps and shows the one that differs most.`;
  return html`<h3>Updates of each parameter <small>compared with the control’s, parameters × steps</small></h3>
    <p class="controls">
      <label>Find a parameter <input type="search" value=${search} onInput=${(event: Event) => setSearch((event.target as HTMLInputElement).value)} /></label>
      <label><input type="checkbox" checked=${named} onChange=${() => setNamed(!named)} /> with names</label>
      <button type="button" onClick=${() => download('updates.csv', 'text/csv', csvOfMap(map))}>CSV</button>
    </p>
    <${Key} />
    <${Grid} map=${map} shown=${shown} named=${named} chosen=${chosen} pointed=${pointed} point=${setPointed} choose=${choose} />
    <p class="pointed" aria-live="polite">${pointed === undefined ? html`<span class="quiet">${count(map.names.length, 'parameter')}${map.more > 0 && `, and ${map.more.toLocaleString('en')} more in the traces`}.${every} Point at a cell, or move with the arrow keys; click or Enter for its curves.</span>` : cellSentence(map, shown, pointed)}</p>
    <${ParameterTable} map=${map} shown=${shown} choose=${choose} />
    ${chosen >= 0 && html`<${ParameterCurves} map=${map} index=${chosen} />`}`;
}

function Key(): Markup {
  return html`<ul class="legend row">
    <li><span class="ramp" aria-hidden="true"></span> 1/16 of the control’s … equal … 16 times</li>
    <li><span class="cellkey stalled" aria-hidden="true"></span> no update, although the control makes one</li>
    <li><span class="cellkey appears" aria-hidden="true"></span> an update, although the control makes none</li>
    <li><span class="cellkey still" aria-hidden="true"></span> neither makes one</li>
  </ul>`;
}

interface GridProps {
  readonly map: ParameterMap;
  readonly shown: readonly number[];
  readonly named: boolean;
  readonly chosen: number;
  readonly pointed: Cell | undefined;
  readonly point: (cell: Cell | undefined) => void;
  readonly choose: (index: number) => void;
}

function Grid({ map, shown, named, chosen, pointed, point, choose }: GridProps): Markup {
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(place);
  const colours = useColours();
  const rowHeight = named
    ? NAMED
    : Math.max(WHOLE.least, Math.min(WHOLE.most, Math.floor(WHOLE.rows / Math.max(1, shown.length))));
  const left = named ? Math.min(LEFT, Math.floor(width / 3)) : 8;
  const columns = map.steps.length;
  const cellWidth = Math.max(0, width - left - 2) / Math.max(1, columns);
  const height = TOP + rowHeight * shown.length;
  useEffect(() => {
    if (canvas.current === null || width === 0) return;
    paint(canvas.current, { map, shown, named, chosen, colours, width, height, left, rowHeight, cellWidth });
  }, [map, shown, named, chosen, colours, width, height, left, rowHeight, cellWidth]);
  const cellAt = (event: MouseEvent): Cell | undefined => {
    const box = canvas.current!.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top - TOP) / rowHeight);
    const column = Math.floor((event.clientX - box.left - left) / cellWidth);
    const inside = row >= 0 && row < shown.length && column >= 0 && column < columns;
    return inside ? { row, column } : undefined;
  };
  const move = (event: KeyboardEvent): void => {
    const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (event.key === 'Enter' && pointed !== undefined) choose(shown[pointed.row]!);
    if (by === undefined || shown.length === 0) return;
    event.preventDefault();
    const from = pointed ?? { row: -by[0]!, column: -by[1]! };
    const within = (value: number, length: number): number => Math.max(0, Math.min(length - 1, value));
    point({ row: within(from.row + by[0]!, shown.length), column: within(from.column + by[1]!, columns) });
  };
  return html`<div class="heat" ref=${place}>
    <div class="heat-scroll">
      <canvas ref=${canvas} tabindex="0" role="img" aria-label="Updates of each parameter at each step, compared with the control’s; the table below lists the parameters"
        onMouseMove=${(event: MouseEvent) => point(cellAt(event))} onMouseLeave=${() => point(undefined)} onKeyDown=${move}
        onClick=${(event: MouseEvent) => {
          const cell = cellAt(event);
          if (cell !== undefined) choose(shown[cell.row]!);
        }}></canvas>
      ${pointed !== undefined && pointed.row < shown.length && html`<div class="crosshair" style=${{ left: `${left + pointed.column * cellWidth}px`, top: `${TOP + pointed.row * rowHeight}px`, width: `${Math.max(3, cellWidth)}px`, height: `${Math.max(3, rowHeight)}px` }}></div>`}
    </div>
  </div>`;
}

interface Picture {
  readonly map: ParameterMap;
  readonly shown: readonly number[];
  readonly named: boolean;
  readonly chosen: number;
  readonly colours: Colours;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly rowHeight: number;
  readonly cellWidth: number;
}

function paint(canvas: HTMLCanvasElement, picture: Picture): void {
  const { map, shown, named, chosen, colours, width, height, left, rowHeight, cellWidth } = picture;
  const sharp = devicePixelRatio;
  canvas.width = Math.round(width * sharp);
  canvas.height = Math.round(height * sharp);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d')!;
  context.scale(sharp, sharp);
  context.fillStyle = colours.page;
  context.fillRect(0, 0, width, height);
  const columns = map.steps.length;
  const cells = cellsOf(picture, sharp);
  if (cells !== undefined) {
    context.imageSmoothingEnabled = false;
    context.drawImage(cells, left, TOP, cells.width / sharp, rowHeight * shown.length);
  }
  const gap = rowHeight >= 4 ? 1 : 0;
  shown.forEach((parameter, row) => {
    const y = TOP + row * rowHeight;
    if (gap > 0) {
      context.fillStyle = colours.page;
      context.fillRect(left, y + rowHeight - gap, width - left, gap);
    }
    if (named) {
      context.fillStyle = parameter === chosen ? colours.ink : colours.soft;
      context.font = `${parameter === chosen ? 'bold ' : ''}11px system-ui, sans-serif`;
      context.textAlign = 'right';
      context.textBaseline = 'middle';
      context.fillText(fitting(context, map.names[parameter]!, left - 10), left - 6, y + rowHeight / 2);
    }
    if (parameter === chosen) {
      context.strokeStyle = colours.ink;
      context.strokeRect(left - 0.5, y - 0.5, cellWidth * columns + 1, rowHeight);
    }
  });
  paintSteps(context, picture);
}

/**
 * The cells as an image of as many pixels as the screen shows, but of no more than one in height for each parameter: a
 * rectangle for each cell would take several times as long. Of several cells in one pixel, the one that differs most is
 * seen. Undefined without cells.
 */
function cellsOf(
  { map, shown, colours, cellWidth, rowHeight }: Picture,
  sharp: number,
): HTMLCanvasElement | undefined {
  const columns = map.steps.length;
  const width = Math.round(columns * cellWidth * sharp);
  const height = Math.min(shown.length, Math.round(rowHeight * shown.length * sharp));
  if (width === 0 || height === 0) return undefined;
  const canvas = blank(width, height);
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const palette = paletteOf(colours);
  const across = Array.from({ length: width }, (_, x) => cellsUnder(x, width, columns));
  for (let y = 0; y < height; y += 1) {
    const [firstRow, endRow] = cellsUnder(y, height, shown.length);
    for (let x = 0; x < width; x += 1) {
      const [first, end] = across[x]!;
      let seen = map.codes[shown[firstRow]! * columns + first]!;
      for (let row = firstRow; row < endRow; row += 1)
        for (let column = first; column < end; column += 1) {
          const code = map.codes[shown[row]! * columns + column]!;
          if (strengthOf(code) > strengthOf(seen)) seen = code;
        }
      pixels[y * width + x] = palette[seen + CODE_OFFSET]!;
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** The first of the cells under a pixel, and the one after the last. */
function cellsUnder(pixel: number, pixels: number, cells: number): readonly [number, number] {
  const first = Math.floor((pixel * cells) / pixels);
  return [first, Math.max(first + 1, Math.floor(((pixel + 1) * cells) / pixels))];
}

/** Added to a code, which is a signed byte, it makes an index. */
const CODE_OFFSET = 128;

/** The pixel of each code. */
function paletteOf(colours: Colours): Uint32Array {
  const bytes = Array.from({ length: 256 }, (_, at) => [...cellColour(at - CODE_OFFSET, colours), 255]);
  return new Uint32Array(Uint8Array.from(bytes.flat()).buffer);
}

function blank(width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  return canvas;
}

/** The end of a name tells parameters apart, so its beginning is cut. */
function fitting(context: CanvasRenderingContext2D, name: string, room: number): string {
  if (context.measureText(name).width <= room) return name;
  let text = name;
  while (text.length > 1 && context.measureText(`…${text}`).width > room) text = text.slice(1);
  return `…${text}`;
}

/** The processes above the cells, a line where each starts, and steps. */
function paintSteps(
  context: CanvasRenderingContext2D,
  { map, colours, height, left, cellWidth }: Picture,
): void {
  context.textBaseline = 'alphabetic';
  context.font = '11px system-ui, sans-serif';
  let from = 0;
  map.runs.forEach(({ label, columns }, index) => {
    const x = left + from * cellWidth;
    const room = columns * cellWidth;
    context.fillStyle = colours.ink;
    context.textAlign = 'left';
    if (context.measureText(label).width < room) context.fillText(label, x + 3, 12);
    if (index > 0) {
      context.strokeStyle = colours.ink;
      context.setLineDash([]);
      context.beginPath();
      context.moveTo(x, 0);
      context.lineTo(x, height);
      context.stroke();
    }
    context.fillStyle = colours.soft;
    const each = Math.max(1, Math.ceil(44 / Math.max(0.01, cellWidth)));
    for (let column = 0; column < columns; column += each) {
      const at = left + (from + column) * cellWidth;
      const text = String(map.steps[from + column]);
      if (at + context.measureText(text).width + 6 <= x + room) context.fillText(text, at + 3, 28);
    }
    from += columns;
  });
}

type Rgb = readonly [number, number, number];

function cellColour(code: number, colours: Colours): Rgb {
  if (code === CODES.stalled) return rgbOf(colours.ink);
  if (code === CODES.moves) return rgbOf(colours.appears);
  if (code === CODES.still) return rgbOf(colours.still);
  const factor = factorOf(code);
  if (factor === undefined) return rgbOf(colours.page);
  const octaves = Math.log2(factor);
  // The root makes small differences visible.
  const share = code === 0 ? 0 : Math.min(1, 0.12 + 0.88 * Math.sqrt(Math.min(1, Math.abs(octaves) / FULL)));
  const [full, none] = [rgbOf(octaves < 0 ? colours.less : colours.more), rgbOf(colours.card)];
  const mixed = (at: 0 | 1 | 2): number => Math.round(share * full[at] + (1 - share) * none[at]);
  return [mixed(0), mixed(1), mixed(2)];
}

/**
 * The style sheet writes colours as `#rgb` or `#rrggbb`. To draw one and to read its pixel would give noise in browsers
 * that hide what they are.
 */
function rgbOf(colour: string): Rgb {
  const digits = colour.slice(1);
  const each = digits.length / 3;
  const part = (at: number): number => {
    const own = digits.slice(at * each, (at + 1) * each);
    return Number.parseInt(each === 1 ? own + own : own, 16);
  };
  return [part(0), part(1), part(2)];
}

function codeText(code: number): string {
  if (code === CODES.stalled) return 'no update, although the control makes one';
  if (code === CODES.moves) return 'an update, although the control makes none';
  if (code === CODES.still) return 'no update, as in the control';
  const factor = factorOf(code);
  if (factor === undefined) return 'nothing to compare';
  return code === 0 ? 'equals the control’s' : `about ${figure(factor)} times the control’s`;
}

function cellSentence(map: ParameterMap, shown: readonly number[], { row, column }: Cell): Markup {
  const parameter = shown[row];
  if (parameter === undefined) return '';
  const run = runAt(map, column);
  const group = map.groups[parameter];
  return html`<strong>${map.names[parameter]}</strong>${group !== null && html` <small>group ${group}</small>`}, ${run?.label}, step ${map.steps[column]}${map.every > 1 && ` to ${map.steps[column]! + map.every - 1}`}: ${codeText(map.codes[parameter * map.steps.length + column]!)}`;
}

function runAt(
  { runs }: Pick<ParameterMap, 'runs'>,
  column: number,
): ParameterMap['runs'][number] | undefined {
  let end = 0;
  return runs.find(({ columns }) => {
    end += columns;
    return column < end;
  });
}

/** Of one parameter: where it first departs, and what is furthest from the control. */
interface Departure {
  readonly index: number;
  readonly first: number | undefined;
  readonly furthest: number;
  readonly stalled: number;
}

function departureOf(map: ParameterMap, index: number): Departure {
  const columns = map.steps.length;
  const own = map.codes.subarray(index * columns, (index + 1) * columns);
  let [first, furthest, stalled] = [-1, 0, 0];
  own.forEach((code, column) => {
    if (code === CODES.stalled) stalled += 1;
    if (code === 0 || code === CODES.still || code === CODES.unknown) return;
    if (first < 0) first = column;
    if (Math.abs(code) > Math.abs(furthest)) furthest = code;
  });
  return { index, first: first < 0 ? undefined : map.steps[first], furthest, stalled };
}

const TABLE_ROWS = 100;

interface TableProps {
  readonly map: ParameterMap;
  readonly shown: readonly number[];
  readonly choose: (index: number) => void;
}

function ParameterTable({ map, shown, choose }: TableProps): Markup {
  const [open, setOpen] = useState(false);
  const [most, setMost] = useState(TABLE_ROWS);
  const rows = useMemo(
    () =>
      open
        ? shown
            .map((index) => departureOf(map, index))
            .sort(
              (a, b) =>
                (a.first ?? Number.POSITIVE_INFINITY) - (b.first ?? Number.POSITIVE_INFINITY) ||
                Math.abs(b.furthest) - Math.abs(a.furthest),
            )
        : [],
    [map, shown, open],
  );
  return html`<details onToggle=${(event: Event) => setOpen((event.target as HTMLDetailsElement).open)}>
    <summary>Parameters as a table</summary>
    ${
      open &&
      html`<div class="wide" tabindex="0" role="group" aria-label="Table"><table>
        <thead><tr><th>Parameter</th><th>Group</th><th class="number">Departs at step</th><th>Furthest from the control</th><th class="number">Columns without update</th></tr></thead>
        <tbody>${rows.slice(0, most).map(
          ({ index, first, furthest, stalled }) => html`<tr key=${index}>
            <td><button type="button" class="plain" onClick=${() => choose(index)}>${map.names[index]}</button></td>
            <td>${map.groups[index] ?? '–'}</td>
            <td class="number">${first ?? 'never'}</td>
            <td>${codeText(furthest)}</td>
            <td class="number">${stalled}</td>
          </tr>`,
        )}</tbody>
      </table></div>
      ${rows.length > most && html`<button type="button" onClick=${() => setMost(most + TABLE_ROWS)}>${count(rows.length - most, 'more parameter')}</button>`}`
    }
  </details>`;
}

const TITLES: Readonly<Record<(typeof QUANTITIES)[number], string>> = {
  updateL2: 'Norm of the update',
  l2: 'Norm of the parameter',
  gradientL2: 'Norm of the gradient',
};

function ParameterCurves({ map, index }: { readonly map: ParameterMap; readonly index: number }): Markup {
  const curves = useMemo(() => curvesOf(map, index), [map, index]);
  const starts = useMemo(() => map.runs.slice(1).map(({ firstStep }) => firstStep - 1), [map]);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    place.current?.scrollIntoView({ block: 'nearest' });
  }, [index]);
  return html`<div ref=${place} class="chosen">
    ${
      curves.length === 0
        ? html`<p class="quiet">The page has no values of ${map.names[index]}: they are left out of what is proven where the page would become too large. The traces have them.</p>`
        : html`<${Curves} key=${index} title=${map.names[index]!} curves=${curves} resumeAt=${starts} />`
    }
  </div>`;
}

function curvesOf({ values, names }: ParameterMap, index: number): Curve[] {
  if (values === null) return [];
  const { runs, steps, control, interrupted } = values;
  return QUANTITIES.map((quantity, row) => {
    const from = (row * names.length + index) * steps.length;
    const point = (of: Float32Array, column: number) => ({ step: steps[column]!, value: of[from + column]! });
    const seen = new Set<number>();
    const controlPoints = steps
      .map((_, column) => point(control, column))
      .filter(({ step }) => !seen.has(step) && seen.add(step))
      .sort((a, b) => a.step - b.step);
    let start = 0;
    const own = runs.map(({ label, columns }) => {
      const points = Array.from({ length: columns }, (_, at) => point(interrupted, start + at));
      start += columns;
      return { role: label === 'before' ? ('before' as const) : ('after' as const), label, note: '', points };
    });
    return {
      title: TITLES[quantity],
      series: [{ role: 'control' as const, label: 'control', note: '', points: controlPoints }, ...own],
    };
  });
}

function csvOfMap(map: ParameterMap): string {
  const columns = map.steps.length;
  const rows = map.names.flatMap((name, parameter) =>
    map.steps.map((step, column) => {
      const code = map.codes[parameter * columns + column]!;
      return [
        name,
        map.groups[parameter] ?? null,
        runAt(map, column)?.label ?? null,
        step,
        factorOf(code) ?? codeText(code),
      ];
    }),
  );
  return csvOf([['parameter', 'group', 'process', 'step', 'update norm / control’s'], ...rows]);
}
