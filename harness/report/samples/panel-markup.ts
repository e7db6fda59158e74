/** The sample panel as markup, one row for each sample and resume. */

import { html, type Markup } from '../markup.ts';
import { count } from '../text.ts';
import type { Image } from './image-cache.ts';
import type { Difference, Played, SamplePanel, SampleRow } from './panel.ts';

/** In CSS pixels: small images are enlarged by a whole factor to about the first, large ones shrunk to the second. */
const TINY = 112;
const LARGE = 208;

export function sampleSection({ rows, more }: SamplePanel, resumes: number): Markup {
  if (rows.length === 0)
    return html`<p class="quiet">No samples to compare: none were taken around a resume.</p>`;
  return html`<h3>Samples</h3>
    ${rows.map((row) => sampleRow(row, resumes))}
    ${more > 0 && html`<p class="quiet">and ${count(more, 'more row')}; see the files beside the traces</p>`}`;
}

function sampleRow(row: SampleRow, resumes: number): Markup {
  return html`<div class="samples">
    <h4><bdi>${row.name}</bdi>${resumes > 1 && html` <small>resume ${row.resume}</small>`}</h4>
    <div class="strip">${
      'images' in row
        ? row.images.map((image) => imageFigure(image, row.name))
        : row.recordings.map((played) => recordingFigure(played, row.name))
    }</div>
    <div class="strip">${row.differences.map(differenceFigure)}</div>
  </div>`;
}

function imageFigure(image: Image, name: string): Markup {
  return html`<figure class="image">
    ${imageElement(image, `${name}: ${image.label}`)}
    <figcaption>${image.label}${image.src !== undefined && image.note !== undefined && html`<small>${image.note}</small>`}</figcaption>
  </figure>`;
}

function recordingFigure({ label, audio, text, about, note }: Played, name: string): Markup {
  return html`<figure class="recording">
    ${audio !== undefined && html`<audio controls preload="metadata" src=${audio} aria-label=${`${name}: ${label}`}></audio>`}
    ${text !== undefined && html`<pre>${text}</pre>`}
    ${audio === undefined && text === undefined && html`<div class="missing">${note ?? 'no sample'}</div>`}
    <figcaption>${label}${about !== undefined && html`<small>${about}</small>`}${
      (audio !== undefined || text !== undefined) && note !== undefined && html`<small>${note}</small>`
    }</figcaption>
  </figure>`;
}

function differenceFigure(difference: Difference): Markup {
  return html`<figure class="difference">
    ${tile(difference)}
    <figcaption><b>${difference.question}</b> ${difference.result}
      <small>${difference.label}${difference.note !== undefined && `; ${difference.note}`}</small></figcaption>
  </figure>`;
}

/** The differing pixels, or an equals sign if there are none. */
function tile(difference: Difference): Markup {
  if (difference.src !== undefined)
    return imageElement(difference, `${difference.label}: differing pixels in violet`);
  const sign = difference.identical ? '=' : '–';
  return html`<div class="missing sign" aria-hidden="true">${sign}</div>`;
}

function imageElement(image: Image, alt: string): Markup {
  if (image.src === undefined) return html`<div class="missing">${image.note ?? 'no image'}</div>`;
  const longest = Math.max(image.width, image.height);
  const scale = longest > TINY ? Math.min(1, LARGE / longest) : Math.floor(TINY / longest);
  const [width, height] = [image.width * scale, image.height * scale].map((side) =>
    Math.max(1, Math.round(side)),
  );
  return html`<img class=${scale > 1 ? 'crisp' : ''} src=${image.src} alt=${alt} width=${width} height=${height} />`;
}
