/** Findings as markup: the root cause open, its consequences folded. */
import type { Finding } from '../judge/verdict.ts';
import { html, type Markup } from './markup.ts';
import { ruleName } from './rules.ts';
import { count } from './text.ts';

const MAX_FINDINGS = 40;
const MAX_SUBJECTS = 12;

export function findingList(findings: readonly Finding[]): Markup {
  const [root, ...rest] = findings;
  if (root === undefined) return html`<p class="quiet">No findings.</p>`;
  const shown = rest.slice(0, MAX_FINDINGS - 1);
  const more = rest.length - shown.length;
  return html`<h3>Root cause</h3>
    ${findingCard(root)}
    ${
      rest.length > 0 &&
      html`<details>
        <summary>${count(rest.length, 'further finding')}, most of them consequences</summary>
        ${shown.map(findingCard)}
        ${more > 0 && html`<p class="quiet">and ${count(more, 'more finding')}, in verdict.json</p>`}
      </details>`
    }`;
}

function findingCard(finding: Finding): Markup {
  const place = [
    finding.proof === 'run' ? 'evidence' : finding.proof,
    finding.refutes ? 'refutes' : 'leaves open',
    finding.step === null ? '' : `step ${finding.step}`,
    finding.resume > 0 ? `resume ${finding.resume}` : '',
  ];
  return html`<article class="finding">
    <p class="sentence">${finding.sentence}</p>
    <p class="quiet">${ruleName(finding.rule)} · ${place.filter(Boolean).join(' · ')}</p>
    <dl>
      <dt>Expected</dt><dd>${finding.expected}</dd>
      <dt>Seen</dt><dd>${finding.seen}</dd>
      <dt>Likely cause</dt><dd>${finding.likelyCause}</dd>
      <dt>Fix</dt><dd>${finding.fix}</dd>
      ${subjectLine(finding)}
    </dl>
  </article>`;
}

function subjectLine(finding: Finding): Markup {
  const shown = finding.subjects.slice(0, MAX_SUBJECTS);
  const known = Math.max(finding.subjectCount, finding.subjects.length);
  if (shown.length === 0) return '';
  const share =
    finding.total > 0 ? ` (${known.toLocaleString('en')} of ${finding.total.toLocaleString('en')})` : '';
  return html`<dt>Concerns</dt>
    <dd class="subjects">${shown.map((subject) => html`<code>${subject}</code>${' '}`)}
      ${known > shown.length && `and ${(known - shown.length).toLocaleString('en')} more`}${share}</dd>`;
}
