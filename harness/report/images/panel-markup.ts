/** The image panel as markup, one row for each sample and resume. */

import { html, type Markup } from '../markup.ts';
import { count } from '../text.ts';
import type { Image } from './image-cache.ts';
import type { Difference, ImagePanel, ImageRow } from './panel.ts';

/** In CSS pixels: small images are enlarged by a whole factor to about the first, large ones shrunk to the second. */
const TINY = 112;
const LARGE = 208;

export function imageSection({ rows, more }: ImagePanel, resumes: number): Markup {
  if (rows.length === 0)
    return html`<p class="quiet">No images to compare: none were sampled around a resume.</p>`;
  return html`<h3>Images</h3>
    ${rows.map((row) => imageRow(row, resumes))}
    ${more > 0 && html`<p class="quiet">and ${count(more, 'more row')}; see the files beside the traces</p>`}`;
}

function imageRow(row: ImageRow, resumes: number): Markup {
  return html`<div class="images">
    <h4><bdi>${row.name}</bdi>${resumes > 1 && html` <small>resume ${row.resume}</small>`}</h4>
    <div class="strip">${row.images.map((image) => imageFigure(image, row.name))}</div>
    <div class="strip">${row.differences.map(differenceFigure)}</div>
  </div>`;
}

function imageFigure(image: Image, name: string): Markup {
  return html`<figure class="image">
    ${imageElement(image, `${name}: ${image.label}`)}
    <figcaption>${image.label}${image.src !== undefined && image.note !== undefined && html`<small>${image.note}</small>`}</figcaption>
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
