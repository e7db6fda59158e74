/** Where the reader accepts, rejects and notes, and how far the review is. */
/// <reference lib="dom" />
import { useEffect, useRef, useState } from 'preact/hooks';
import type { PageIndex, ScenarioRow } from '../data.ts';
import { html, type Markup } from '../markup.ts';
import { type Decided, type Decision, decidedOf, MOST_NOTE } from '../review.ts';
import { valueIn } from './pick.ts';
import { toggle, useReview } from './review.ts';

export const NOTE = 'note';
/** While the reader types, a note is sent only this often. */
const TYPING_MS = 400;

/** The decision on a scenario, with its buttons. */
export function Decide({ row }: { readonly row: ScenarioRow }): Markup {
  const reviewing = useReview();
  const decided = decidedOf(reviewing.review, row.name);
  const button = (decision: Decision, label: string): Markup =>
    html`<button type="button" aria-pressed=${String(decided.decision === decision)} class=${decision} onClick=${() => toggle(reviewing, row.name, decision)}>${label}</button>`;
  return html`<div class="decide" role="group" aria-label="Review">
    ${button('accepted', row.outcome === 'refuted' ? 'Accept the control' : 'Accept')}
    ${button('rejected', 'Reject')}
    <${Note} key=${row.name} decided=${decided} />
    ${
      row.outcome === 'refuted' &&
      html`<p class="quiet">This resume is refuted, and no decision changes that. What can be accepted is the training of the control, as the baseline.</p>`
    }
  </div>`;
}

function Note({ decided: { scenario, note } }: { readonly decided: Decided }): Markup {
  const { change, typing } = useReview();
  const [typed, setTyped] = useState<string | undefined>();
  const keep = useRef(() => {});
  keep.current = () => {
    if (typed === undefined) return;
    change({ scenario, note: typed });
    typing(false);
    setTyped(undefined);
  };
  useEffect(() => {
    if (typed !== undefined) typing(true);
    const timer = setTimeout(() => keep.current(), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  useEffect(() => () => keep.current(), []);
  return html`<label>Note
    <textarea id=${NOTE} rows="1" maxlength=${MOST_NOTE} value=${typed ?? note} onInput=${(event: Event) => setTyped(valueIn(event))} onBlur=${() => keep.current()}></textarea>
  </label>`;
}

/** A decision in the list. */
export function DecisionChip({ scenario }: { readonly scenario: string }): Markup {
  const { decision } = decidedOf(useReview().review, scenario);
  return decision === null
    ? ''
    : html`<span class=${`chip ${decision === 'accepted' ? 'good' : 'bad'}`}>${decision}</span>`;
}

/** A note in the list. */
export function NoteText({ scenario }: { readonly scenario: string }): Markup {
  const { note } = decidedOf(useReview().review, scenario);
  return note === '' ? '' : html`<p class="quiet">Note: ${note}</p>`;
}

/** Scenarios that somebody should look at: not as expected, or trained in another way than their baseline. */
function toReview({ scenarios, baselines }: PageIndex): string[] {
  const changed = baselines.filter(({ changes }) => changes.length > 0).map(({ scenario }) => scenario);
  return scenarios
    .filter(({ name, tone }) => tone === 'bad' || changed.includes(name))
    .map(({ name }) => name);
}

/** How far the review is; nothing before the first decision on a page that nobody serves. */
export function Progress({ index }: { readonly index: PageIndex }): Markup {
  const { review, isServed, problem, save } = useReview();
  const { decisions } = review;
  if (!isServed && decisions.length === 0) return '';
  const wanted = toReview(index);
  const decided = (name: string): boolean => decidedOf(review, name).decision !== null;
  return html`<div class="progress">
    ${problem !== undefined && html`<p class="mismatch" role="alert">${problem}</p>`}
    <p role="status">${wanted.length === 0 ? 'Nothing needs a review.' : `Reviewed ${wanted.filter(decided).length} of ${wanted.length} that need a look.`}${isServed && ' Decisions are written to review.json beside the page.'}
    ${(!isServed || problem !== undefined) && html` <button type="button" onClick=${save}>Save decisions</button> <small>then <code class="command">resumeproof approve --accepted FILE</code></small>`}</p>
  </div>`;
}
