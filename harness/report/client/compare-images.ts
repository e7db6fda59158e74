/** Two images side by side, under a slider, over each other, in turn, or as their difference. */
/// <reference lib="dom" />
import pixelmatch from 'pixelmatch';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ssim } from 'ssim.js';
import { html, type Markup } from '../markup.ts';
import type { Image } from '../samples/image-cache.ts';
import { PIXEL_MATCH } from '../samples/pixel-match.ts';
import { Pick, pairOf, valueIn } from './pick.ts';

const MODES = ['side by side', 'slider', 'onion skin', 'blink', 'difference'] as const;
type Mode = (typeof MODES)[number];
const BLINK_MS = 600;
/** Of one image in CSS pixels, at most. */
const LARGEST = 4096;
/** The window of the structural similarity, in pixels. */
const SSIM_WINDOW = 11;

interface CompareProps {
  readonly name: string;
  readonly shown: readonly Image[];
  /** Data URIs by `Image.src`. */
  readonly images: Readonly<Record<string, string>>;
}

export function CompareImages({ name, shown, images }: CompareProps): Markup {
  const pair = pairOf(shown);
  const [first, setFirst] = useState(pair[0]);
  const [second, setSecond] = useState(pair[1]);
  const [mode, setMode] = useState<Mode>('side by side');
  const [zoom, setZoom] = useState(0);
  const [share, setShare] = useState(50);
  const [a, b] = [shown[first]!, shown[second]!];
  const pixels = [usePixels(images[a.src!]!), usePixels(images[b.src!]!)] as const;
  const compared = useMemo(() => compare(pixels[0], pixels[1]), [...pixels]);
  const longest = Math.max(a.width, a.height, b.width, b.height);
  const scale = zoom || Math.max(1, Math.floor(256 / longest));
  const size = (image: Image): { width: string; height: string } => ({
    width: `${Math.min(LARGEST, image.width * scale)}px`,
    height: `${Math.min(LARGEST, image.height * scale)}px`,
  });
  const picture = (image: Image, style: Record<string, string> = {}, alt = image.label): Markup =>
    html`<img class="crisp" src=${images[image.src!]} alt=${`${name}: ${alt}`} style=${{ ...size(image), ...style }} />`;
  return html`<div class="compare">
    <p class="controls">
      <${Pick} label="First" shown=${shown} at=${first} set=${setFirst} /> <${Pick} label="Second" shown=${shown} at=${second} set=${setSecond} />
      <label>Zoom <select onChange=${(event: Event) => setZoom(Number(valueIn(event)))}>
        <option value="0">fit</option>${[1, 2, 4, 8, 16].map((factor) => html`<option value=${factor}>${factor}×</option>`)}
      </select></label>
    </p>
    <fieldset class="controls"><legend>View</legend>${MODES.map(
      (each) =>
        html`<label><input type="radio" name=${`view of ${name}`} value=${each} checked=${mode === each} onChange=${() => setMode(each)} /> ${each}</label>`,
    )}</fieldset>
    ${
      (mode === 'slider' || mode === 'onion skin') &&
      html`<label class="share">${mode === 'slider' ? 'Border' : 'Share of the second'} <input type="range" min="0" max="100" value=${share} onInput=${(event: Event) => setShare(Number(valueIn(event)))} /></label>`
    }
    <div class="stage">
      ${mode === 'side by side' && html`<div class="strip">${[a, b].map((image) => html`<figure>${picture(image)}<figcaption>${image.label}</figcaption></figure>`)}</div>`}
      ${mode === 'slider' && html`<div class="stack" style=${size(a)}>${picture(b)}${picture(a, { clipPath: `inset(0 ${100 - share}% 0 0)` })}</div>`}
      ${mode === 'onion skin' && html`<div class="stack" style=${size(a)}>${picture(a)}${picture(b, { opacity: String(share / 100) })}</div>`}
      ${mode === 'blink' && html`<${Blink} frames=${[picture(a), picture(b)]} labels=${[a.label, b.label]} />`}
      ${mode === 'difference' && html`<${Magnitude} first=${pixels[0]} second=${pixels[1]} style=${size(a)} />`}
    </div>
    <p role="status">${compared}</p>
  </div>`;
}

/** Undefined until the image is decoded. */
function usePixels(uri: string): ImageData | undefined {
  const [read, setRead] = useState<{ uri: string; pixels: ImageData } | undefined>();
  useEffect(() => {
    const image = new globalThis.Image();
    image.src = uri;
    void image.decode().then(() => {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
      const context = canvas.getContext('2d', { willReadFrequently: true })!;
      context.drawImage(image, 0, 0);
      setRead({ uri, pixels: context.getImageData(0, 0, canvas.width, canvas.height) });
    });
  }, [uri]);
  return read?.uri === uri ? read.pixels : undefined;
}

/** What differs, in one sentence. */
function compare(a: ImageData | undefined, b: ImageData | undefined): string {
  if (a === undefined || b === undefined) return '';
  if (a.width !== b.width || a.height !== b.height)
    return `The sizes differ: ${a.width}×${a.height} and ${b.width}×${b.height}.`;
  const differing = pixelmatch(a.data, b.data, undefined, a.width, a.height, PIXEL_MATCH);
  if (differing === 0) return 'Identical.';
  const widest = a.data.reduce((most, level, at) => Math.max(most, Math.abs(level - b.data[at]!)), 0);
  const small = Math.min(a.width, a.height) < SSIM_WINDOW;
  const similar = small ? '' : `; structural similarity (SSIM) ${ssim(a, b).mssim.toFixed(4)}`;
  return `${differing.toLocaleString('en')} of ${(a.width * a.height).toLocaleString('en')} pixels differ, by up to ${widest} of 255${similar}.`;
}

function Blink({
  frames,
  labels,
}: {
  readonly frames: readonly Markup[];
  readonly labels: readonly string[];
}): Markup {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const [at, setAt] = useState(0);
  const [running, setRunning] = useState(!still);
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => setAt((was) => 1 - was), BLINK_MS);
    return () => clearInterval(timer);
  }, [running]);
  return html`<figure>${frames[at]}<figcaption>${labels[at]}</figcaption></figure>
    <button type="button" onClick=${() => setRunning(!running)}>${running ? 'Stop' : 'Blink'}</button>
    <button type="button" onClick=${() => setAt(1 - at)}>Swap</button>`;
}

interface MagnitudeProps {
  readonly first: ImageData | undefined;
  readonly second: ImageData | undefined;
  readonly style: Record<string, string>;
}

/** Each pixel's largest difference among its channels, from black over red to white, scaled to the largest of all. */
function Magnitude({ first, second, style }: MagnitudeProps): Markup {
  const canvas = useRef<HTMLCanvasElement>(null);
  const most = useMemo(() => magnitudes(first, second), [first, second]);
  useEffect(() => {
    if (canvas.current === null || most === undefined || first === undefined) return;
    [canvas.current.width, canvas.current.height] = [first.width, first.height];
    const image = new ImageData(first.width, first.height);
    most.levels.forEach((level, at) => {
      const share = most.widest === 0 ? 0 : level / most.widest;
      image.data.set(
        [
          255 * Math.min(1, share * 2),
          255 * Math.max(0, share * 2 - 1),
          255 * Math.max(0, share * 2 - 1),
          255,
        ],
        at * 4,
      );
    });
    canvas.current.getContext('2d')!.putImageData(image, 0, 0);
  }, [most, first]);
  if (most === undefined) return html`<p>Images of different sizes have no difference to show.</p>`;
  return html`<figure><canvas ref=${canvas} class="crisp" style=${style} role="img" aria-label="Magnitude of the difference of each pixel"></canvas>
    <figcaption>Black: equal. White: ${most.widest} of 255, the largest difference.</figcaption></figure>`;
}

function magnitudes(
  a: ImageData | undefined,
  b: ImageData | undefined,
): { readonly levels: Uint8Array; readonly widest: number } | undefined {
  if (a === undefined || b === undefined || a.width !== b.width || a.height !== b.height) return undefined;
  const levels = new Uint8Array(a.width * a.height);
  a.data.forEach((level, at) => {
    const pixel = at >> 2;
    levels[pixel] = Math.max(levels[pixel]!, Math.abs(level - b.data[at]!));
  });
  return { levels, widest: levels.reduce((most, level) => Math.max(most, level), 0) };
}
