/** The findings of a scenario in order of cause: what was expected beside what was seen. */
/// <reference lib="dom" />
import { useEffect, useRef, useState } from 'preact/hooks';
import type { FindingData, PageIndex, RuleText } from '../data.ts';
import { html, type Markup } from '../markup.ts';
import { count } from '../text.ts';
import { linkOf, type Place } from './location.ts';

/** Findings that are drawn at once. */
const FIRST = 40;
/** Names that are shown at once. */
const NAMES = 24;

interface FindingsProps {
  readonly findings: readonly FindingData[];
  readonly rules: PageIndex['rules'];
  readonly place: Place;
}

export function Findings({ findings, rules, place }: FindingsProps): Markup {
  const wanted = findings.findIndex(({ id }) => id === place.finding);
  const [all, setAll] = useState(false);
  const [open, setOpen] = useState(wanted > 0);
  if (findings.length === 0) return html`<p class="quiet">No findings.</p>`;
  const [root, ...rest] = findings;
  const shown = all || wanted > FIRST ? rest : rest.slice(0, FIRST);
  const card = (finding: FindingData): Markup =>
    html`<${FindingCard} key=${finding.id} finding=${finding} rule=${rules[finding.rule]} place=${place} />`;
  return html`<h3>What is wrong</h3>
    ${card(root!)}
    ${
      rest.length > 0 &&
      html`<details open=${open} onToggle=${(event: Event) => setOpen((event.target as HTMLDetailsElement).open)}>
        <summary data-item>${count(rest.length, 'further finding')}, in order of cause</summary>
        ${open && shown.map(card)}
        ${open && shown.length < rest.length && html`<button type="button" onClick=${() => setAll(true)}>${count(rest.length - shown.length, 'more finding')}</button>`}
      </details>`
    }`;
}

interface CardProps {
  readonly finding: FindingData;
  readonly rule: RuleText | undefined;
  readonly place: Place;
}

function FindingCard({ finding, rule, place }: CardProps): Markup {
  const card = useRef<HTMLElement>(null);
  const wanted = place.finding === finding.id;
  useEffect(() => {
    if (wanted) card.current?.scrollIntoView({ block: 'start' });
  }, [wanted]);
  const where = [
    finding.proof === 'run' ? 'evidence' : finding.proof,
    finding.refutes ? 'refutes' : 'leaves open',
    ...(finding.step === null ? [] : [`step ${finding.step}`]),
    ...(finding.resume > 0 ? [`resume ${finding.resume}`] : []),
    ...(finding.ranks.length > 0 ? [`rank ${finding.ranks.join(', ')}`] : []),
  ];
  return html`<article ref=${card} tabindex="-1" data-item class=${`finding ${wanted ? 'wanted' : ''}`}>
    <p class="sentence">${finding.sentence}</p>
    <div class="beside">
      <div><h4>Expected</h4><p>${finding.expected}</p></div>
      <div><h4>Seen</h4><p>${finding.seen}</p></div>
    </div>
    <dl>
      <dt>Likely cause</dt><dd>${finding.likelyCause}</dd>
      <dt>Fix</dt><dd>${finding.fix}</dd>
      <${Subjects} finding=${finding} />
    </dl>
    <p class="quiet">${where.join(' · ')} · <a href=${linkOf({ ...place, finding: finding.id })}>link to this finding</a></p>
    <${RuleName} id=${finding.rule} rule=${rule} />
  </article>`;
}

/** The rule's claim opens below its name. A rule that this version does not know has only a name. */
function RuleName({ id, rule }: { readonly id: string; readonly rule: RuleText | undefined }): Markup {
  if (rule === undefined) return html`<p class="quiet">Rule <code>${id}</code></p>`;
  return html`<details class="rule"><summary>Rule <code>${id}</code></summary>
    <p>${rule.claim}</p>
    <p class="quiet">It reads ${rule.reads}. Earliest finding: ${rule.speaks}. An example and fixes: <code>${rule.help}</code></p>
  </details>`;
}

function Subjects({ finding: { subjects, subjectCount, total } }: { readonly finding: FindingData }): Markup {
  const [all, setAll] = useState(false);
  if (subjects.length === 0) return '';
  const shown = all ? subjects : subjects.slice(0, NAMES);
  const known = Math.max(subjectCount, subjects.length);
  const share = total > 0 ? ` (${known.toLocaleString('en')} of ${total.toLocaleString('en')})` : '';
  const untold = known - subjects.length;
  return html`<dt>Concerns</dt>
    <dd class="subjects">${shown.map((subject) => html`<code>${subject}</code>${' '}`)}
      ${shown.length < subjects.length && html`<button type="button" onClick=${() => setAll(true)}>all ${subjects.length.toLocaleString('en')}</button>`}
      ${untold > 0 && shown.length === subjects.length && `and ${untold.toLocaleString('en')} more`}${share}</dd>`;
}
