/** Two texts with the words that differ, or two sounds with their waveforms and spectra. */
/// <reference lib="dom" />
import { diffWordsWithSpace } from 'diff';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { html, type Markup } from '../markup.ts';
import type { Played } from '../samples/panel.ts';
import { count } from '../text.ts';
import { type Colours, useColours } from './colours.ts';
import { decode } from './detail.ts';
import { Pick, pairOf } from './pick.ts';
import { spectrogram } from './spectrum.ts';

const WAVE = { width: 480, height: 90 };
/** Decibels that are black in a spectrum. */
const SILENT = -80;

interface CompareProps {
  readonly name: string;
  readonly shown: readonly Played[];
}

export function CompareRecordings({ name, shown }: CompareProps): Markup {
  const pair = pairOf(shown);
  const [first, setFirst] = useState(pair[0]);
  const [second, setSecond] = useState(pair[1]);
  const [a, b] = [shown[first]!, shown[second]!];
  return html`<div class="compare">
    <p class="controls"><${Pick} label="First" shown=${shown} at=${first} set=${setFirst} /> <${Pick} label="Second" shown=${shown} at=${second} set=${setSecond} /></p>
    ${
      a.text !== undefined && b.text !== undefined
        ? html`<${Words} from=${a.text} to=${b.text} />`
        : html`<div class="strip">${[a, b].map((own) => own.audio !== undefined && html`<${Sound} key=${own.label} name=${name} played=${own} />`)}</div>`
    }
  </div>`;
}

function Words({ from, to }: { readonly from: string; readonly to: string }): Markup {
  const parts = useMemo(() => diffWordsWithSpace(from, to), [from, to]);
  const changed = parts.filter(({ added, removed }) => added || removed).length;
  return html`<pre class="words" tabindex="0">${parts.map(({ added, removed, value }) =>
    added ? html`<ins>${value}</ins>` : removed ? html`<del>${value}</del>` : value,
  )}</pre>
    <p role="status">${changed === 0 ? 'Identical.' : `${count(changed, 'part')} removed from the first or added by the second.`}</p>`;
}

interface Decoded {
  readonly samples: Float32Array;
  readonly rate: number;
}

function Sound({ name, played }: { readonly name: string; readonly played: Played }): Markup {
  const colours = useColours();
  const [decoded, setDecoded] = useState<Decoded | undefined>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    decodeWav(played.audio!).then(setDecoded, (error: unknown) => setProblem(String(error)));
  }, [played]);
  return html`<figure class="sound">
    ${
      decoded === undefined
        ? html`<p class="quiet" role="status">${problem === '' ? 'Decoding …' : `This browser cannot decode it: ${problem}`}</p>`
        : html`<${Drawing} label=${`${name}, ${played.label}: waveform`} paint=${(canvas: HTMLCanvasElement) => paintWave(canvas, decoded, colours)} />
          <${Drawing} label=${`${name}, ${played.label}: spectrum in time, up to ${decoded.rate / 2} Hz`} paint=${(canvas: HTMLCanvasElement) => paintSpectrum(canvas, decoded)} />`
    }
    <figcaption>${played.label}${decoded !== undefined && html`<small>waveform, and spectrum from 0 to ${decoded.rate / 2} Hz</small>`}</figcaption>
  </figure>`;
}

interface DrawingProps {
  readonly label: string;
  readonly paint: (canvas: HTMLCanvasElement) => void;
}

function Drawing({ label, paint }: DrawingProps): Markup {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current !== null) paint(canvas.current);
  });
  return html`<canvas ref=${canvas} width=${WAVE.width} height=${WAVE.height} role="img" aria-label=${label}></canvas>`;
}

/** The first channel. The browser decodes it at the file's own rate. */
async function decodeWav(uri: string): Promise<Decoded> {
  const bytes = decode(uri.slice(uri.indexOf(',') + 1));
  const rate = new DataView(bytes.buffer).getUint32(24, true);
  const context = new OfflineAudioContext(1, 1, rate);
  const buffer = await context.decodeAudioData(bytes.buffer as ArrayBuffer);
  return { samples: buffer.getChannelData(0), rate };
}

/** For each pixel, the lowest and the highest sample. */
function paintWave(canvas: HTMLCanvasElement, { samples }: Decoded, colours: Colours): void {
  const context = canvas.getContext('2d')!;
  const { width, height } = WAVE;
  context.fillStyle = colours.card;
  context.fillRect(0, 0, width, height);
  context.fillStyle = colours.before;
  const y = (value: number): number => ((1 - value) * height) / 2;
  for (let x = 0; x < width; x += 1) {
    const own = samples.subarray(
      Math.floor((x * samples.length) / width),
      Math.max(Math.floor((x * samples.length) / width) + 1, Math.floor(((x + 1) * samples.length) / width)),
    );
    let [low, high] = [1, -1];
    for (const sample of own) [low, high] = [Math.min(low, sample), Math.max(high, sample)];
    if (low <= high) context.fillRect(x, y(high), 1, Math.max(1, y(low) - y(high)));
  }
}

/** Time to the right, frequency upwards; the louder, the brighter. */
function paintSpectrum(canvas: HTMLCanvasElement, { samples }: Decoded): void {
  const { frames, bins, decibels } = spectrogram(samples);
  [canvas.width, canvas.height] = [frames, bins];
  canvas.style.width = `${WAVE.width}px`;
  canvas.style.height = `${WAVE.height}px`;
  const image = new ImageData(frames, bins);
  for (let frame = 0; frame < frames; frame += 1)
    for (let bin = 0; bin < bins; bin += 1) {
      const share = Math.max(0, Math.min(1, 1 - decibels[frame * bins + bin]! / SILENT));
      const at = ((bins - 1 - bin) * frames + frame) * 4;
      image.data.set([255 * share, 200 * share ** 2, 120 * Math.sqrt(share) * (1 - share), 255], at);
    }
  canvas.getContext('2d')!.putImageData(image, 0, 0);
}
