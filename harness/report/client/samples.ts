/** The samples of a scenario: a contact sheet, and any two of them compared. */
/// <reference lib="dom" />
import { useState } from 'preact/hooks';
import type { Detail } from '../data.ts';
import { html, type Markup } from '../markup.ts';
import type { Difference, ImageRow, Played, RecordingRow, SampleRow } from '../samples/panel.ts';
import { count } from '../text.ts';
import { CompareImages } from './compare-images.ts';
import { CompareRecordings } from './compare-recordings.ts';

export function Samples({ detail }: { readonly detail: Detail }): Markup {
  const { samples, moreSamples, images, resumeAt } = detail;
  const [open, setOpen] = useState<SampleRow | undefined>();
  if (samples.length === 0 && moreSamples === 0)
    return html`<p class="quiet">No samples to compare: none were taken around a resume.</p>`;
  const resumes = resumeAt.length;
  return html`<h3>Samples <small>around each resume</small></h3>
    ${samples.map((row) =>
      'images' in row
        ? html`<${Images} key=${`${row.name} ${row.resume}`} row=${row} images=${images} resumes=${resumes} open=${open === row} toggle=${() => setOpen(open === row ? undefined : row)} />`
        : html`<${Recordings} key=${`${row.name} ${row.resume}`} row=${row} resumes=${resumes} open=${open === row} toggle=${() => setOpen(open === row ? undefined : row)} />`,
    )}
    ${moreSamples > 0 && html`<p class="quiet">and ${count(moreSamples, 'more row')}; see the files beside the traces</p>`}`;
}

const heading = ({ name, resume }: SampleRow, resumes: number): Markup =>
  html`<h4><bdi>${name}</bdi>${resumes > 1 && html` <small>resume ${resume}</small>`}</h4>`;

interface ImagesProps {
  readonly row: ImageRow;
  readonly images: Detail['images'];
  readonly resumes: number;
  readonly open: boolean;
  readonly toggle: () => void;
}

function Images({ row, images, resumes, open, toggle }: ImagesProps): Markup {
  const shown = row.images.filter(({ src }) => src !== undefined);
  return html`<div class="samples">
    ${heading(row, resumes)}
    <div class="sheet"><div class="strip">${row.images.map(
      ({ label, src, note, width, height }) => html`<figure class="image">
        ${src === undefined ? html`<div class="missing">${note ?? 'no image'}</div>` : html`<img class=${Math.max(width, height) <= 112 ? 'crisp' : ''} src=${images[src]} alt=${`${row.name}: ${label}`} width=${shownWidth(width, height)} />`}
        <figcaption>${label}${src !== undefined && note !== undefined && html`<small>${note}</small>`}</figcaption>
      </figure>`,
    )}</div>
    ${answers(row.differences)}</div>
    ${shown.length > 1 && compareButton(open, toggle)}
    ${open && html`<${CompareImages} name=${row.name} shown=${shown} images=${images} />`}
  </div>`;
}

const compareButton = (open: boolean, toggle: () => void): Markup =>
  html`<button type="button" data-item aria-expanded=${String(open)} onClick=${toggle}>${open ? 'Close the comparison' : 'Compare two'}</button>`;

/** Small images are enlarged by a whole factor to about 112 pixels, large ones shrunk to 208. */
function shownWidth(width: number, height: number): number {
  const longest = Math.max(width, height);
  const scale = longest > 112 ? Math.min(1, 208 / longest) : Math.floor(112 / longest);
  return Math.max(1, Math.round(width * scale));
}

const answers = (differences: readonly Difference[]): Markup =>
  html`<ul class="answers">${differences.map(
    ({ question, result, label, note }) =>
      html`<li><b>${question}</b> ${result}<br /><small>${label}${note !== undefined && `; ${note}`}</small></li>`,
  )}</ul>`;

interface RecordingsProps extends Pick<ImagesProps, 'resumes' | 'open' | 'toggle'> {
  readonly row: RecordingRow;
}

function Recordings({ row, resumes, open, toggle }: RecordingsProps): Markup {
  const shown = row.recordings.filter(({ audio, text }) => audio !== undefined || text !== undefined);
  return html`<div class="samples">
    ${heading(row, resumes)}
    <div class="sheet"><div class="strip">${row.recordings.map((played) => recording(played, row.name))}</div>
    ${answers(row.differences)}</div>
    ${shown.length > 1 && compareButton(open, toggle)}
    ${open && html`<${CompareRecordings} name=${row.name} shown=${shown} />`}
  </div>`;
}

function recording({ label, audio, text, about, note }: Played, name: string): Markup {
  const empty = audio === undefined && text === undefined;
  return html`<figure class="recording">
    ${audio !== undefined && html`<audio controls preload="metadata" src=${audio} aria-label=${`${name}: ${label}`}></audio>`}
    ${text !== undefined && html`<pre tabindex="0">${text}</pre>`}
    ${empty && html`<div class="missing">${note ?? 'no sample'}</div>`}
    <figcaption>${label}${about !== undefined && html`<small>${about}</small>`}${!empty && note !== undefined && html`<small>${note}</small>`}</figcaption>
  </figure>`;
}
