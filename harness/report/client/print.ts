/** What is printed: the list, and the findings of what is not as expected. */
/// <reference lib="dom" />
import type { PageIndex, ScenarioRow } from '../data.ts';
import { html, type Markup } from '../markup.ts';
import { duration } from '../text.ts';
import { useDetail } from './detail.ts';

export function PrintPage({ index }: { readonly index: PageIndex }): Markup {
  const wrong = index.scenarios.filter(({ tone }) => tone === 'bad');
  return html`<main>
    <table>
      <thead><tr><th>Scenario</th><th>Verdict</th><th>Summary</th><th class="number">Time</th></tr></thead>
      <tbody>${[...wrong, ...index.scenarios.filter((row) => !wrong.includes(row))].map(
        (row) =>
          html`<tr><td>${row.name}</td><td>${row.outcome}, ${row.standing}</td><td>${row.headline}</td><td class="number">${duration(row.seconds)}</td></tr>`,
      )}</tbody>
    </table>
    ${wrong.map((row) => html`<${Findings} key=${row.element} row=${row} />`)}
  </main>`;
}

function Findings({ row }: { readonly row: ScenarioRow }): Markup {
  const { detail } = useDetail(row);
  return html`<section class=${`scenario ${row.tone}`}>
    <h2>${row.name}</h2><p class="headline">${row.headline}</p>
    ${(detail?.findings ?? []).map(
      (finding) => html`<article class="finding"><p class="sentence">${finding.sentence}</p>
        <dl><dt>Expected</dt><dd>${finding.expected}</dd><dt>Seen</dt><dd>${finding.seen}</dd><dt>Likely cause</dt><dd>${finding.likelyCause}</dd><dt>Fix</dt><dd>${finding.fix}</dd></dl></article>`,
    )}
  </section>`;
}
