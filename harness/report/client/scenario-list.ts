/** The first screen: what is not as expected with its diagnosis, and the rest in one line that opens. */
/// <reference lib="dom" />
import { useRef, useState } from 'preact/hooks';
import type { PageIndex, ScenarioRow } from '../data.ts';
import { html, type Markup } from '../markup.ts';
import { count, duration } from '../text.ts';
import { DecisionChip, NoteText } from './decisions.ts';
import { isNarrowed, REVIEWED, SORTS, VERDICTS } from './filter.ts';
import { moveFocus, useKeys } from './keys.ts';
import { go, linkOf, type Place } from './location.ts';
import { valueIn } from './pick.ts';
import { useReview } from './review.ts';
import { Baselines, Since, Trend } from './since.ts';

/** Rows that are drawn at once; more when asked. */
const ROWS = 200;

interface ListProps {
  readonly index: PageIndex;
  readonly place: Place;
  readonly shown: readonly ScenarioRow[];
}

export function ScenarioList({ index, place, shown }: ListProps): Markup {
  const search = useRef<HTMLInputElement>(null);
  const { review, isServed } = useReview();
  const isReviewed = isServed || review.decisions.length > 0;
  useKeys({ j: () => moveFocus(1), k: () => moveFocus(-1), '/': () => search.current?.focus() });
  const set = (change: Place): void => go({ ...place, ...change }, true);
  const options = (of: (row: ScenarioRow) => readonly string[]): string[] =>
    [...new Set(index.scenarios.flatMap(of))].sort();
  const narrowed = isNarrowed(place);
  const open = shown.filter(
    ({ tone, expectsFault }) => tone === 'bad' || (tone === 'doubt' && !expectsFault),
  );
  const rest = shown.filter((row) => !open.includes(row));
  if (index.scenarios.length === 0) return '';
  return html`${index.comparison !== null && html`<${Since} comparison=${index.comparison} scenarios=${index.scenarios} />`}
    <${Baselines} baselines=${index.baselines} />
    <${Trend} title="Earlier runs" points=${index.trend} />
    <form class="toolbar" role="search" onSubmit=${(event: Event) => event.preventDefault()}>
      <label class="search">Search
        <input ref=${search} type="search" value=${place.search ?? ''} onInput=${(event: Event) => set({ search: valueIn(event) })} />
      </label>
      <${Choice} label="Verdict" value=${place.verdict} options=${VERDICTS.filter((verdict) => verdict === 'not as expected' || index.scenarios.some(({ outcome }) => outcome === verdict))} pick=${(verdict: string) => set({ verdict })} />
      <${Choice} label="Backend" value=${place.backend} options=${options(({ backend }) => [backend])} pick=${(backend: string) => set({ backend })} />
      <${Choice} label="Rule" value=${place.rule} options=${options(({ rules }) => rules)} pick=${(rule: string) => set({ rule })} />
      <${Choice} label="Cause" value=${place.cause} options=${options(({ cause }) => (cause === null ? [] : [cause]))} pick=${(cause: string) => set({ cause })} />
      <${Choice} label="Review" value=${place.review} options=${isReviewed ? REVIEWED : []} pick=${(wanted: string) => set({ review: wanted })} />
      <${Choice} label="Sort by" value=${place.sort ?? 'verdict'} options=${SORTS} none=${false} pick=${(sort: string) => set({ sort })} />
    </form>
    ${narrowed && html`<p role="status">${count(shown.length, 'scenario')} of ${index.scenarios.length}. <a href="#">Show all</a></p>`}
    ${open.slice(0, ROWS).map((row) => html`<${Card} key=${row.element} row=${row} place=${place} />`)}
    ${open.length > ROWS && html`<p class="quiet">and ${count(open.length - ROWS, 'more scenario')}; narrow the list to see them</p>`}
    ${rest.length > 0 && html`<${Rest} key=${String(narrowed)} rows=${rest} place=${place} open=${narrowed} />`}`;
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly options: readonly string[];
  /** Whether nothing can be chosen. */
  readonly none?: boolean;
  readonly pick: (value: string) => void;
}

function Choice({ label, value, options, none = true, pick }: ChoiceProps): Markup {
  if (options.length < 2 && value === undefined) return '';
  return html`<label>${label}
    <select value=${value ?? ''} onChange=${(event: Event) => pick(valueIn(event))}>
      ${none && html`<option value="">all</option>`}
      ${options.map((option) => html`<option value=${option} selected=${option === value}>${option}</option>`)}
    </select>
  </label>`;
}

interface RowProps {
  readonly row: ScenarioRow;
  readonly place: Place;
}

const linkTo = ({ name }: ScenarioRow, place: Place): string => linkOf({ ...place, scenario: name });

function Card({ row, place }: RowProps): Markup {
  return html`<article class=${`card ${row.tone}`} data-scenario=${row.name}>
    <h2><a data-item href=${linkTo(row, place)}><bdi>${row.name}</bdi></a>
      <span class=${`chip ${row.tone}`}>${row.standing}</span><${DecisionChip} scenario=${row.name} />
      <small>${row.outcome} · ${row.backend} · ${duration(row.seconds)}</small></h2>
    <p class="headline">${row.headline}</p>
    ${row.mismatch !== null && (row.expectsFault || row.outcome !== 'refuted') && html`<p class="mismatch">${row.mismatch}</p>`}
    ${
      row.likelyCause !== null &&
      html`<dl><dt>Likely cause</dt><dd>${row.likelyCause}</dd><dt>Fix</dt><dd>${row.fix}</dd></dl>`
    }
    <${NoteText} scenario=${row.name} />
  </article>`;
}

function Rest({
  rows,
  place,
  open,
}: Omit<ListProps, 'index' | 'shown'> & {
  readonly rows: readonly ScenarioRow[];
  readonly open: boolean;
}): Markup {
  const [opened, setOpened] = useState(open);
  const [most, setMost] = useState(ROWS);
  return html`<details class="rest" open=${open} onToggle=${(event: Event) => setOpened((event.target as HTMLDetailsElement).open)}>
    <summary data-item>${restSentence(rows)}</summary>
    ${
      opened &&
      html`<div class="wide" tabindex="0" role="group" aria-label="Table"><table>
        <thead><tr><th>Scenario</th><th>Verdict</th><th>Backend</th><th>Summary</th><th class="number">Time</th></tr></thead>
        <tbody>${rows.slice(0, most).map(
          (row) => html`<tr key=${row.element} data-scenario=${row.name}>
            <td><a data-item href=${linkTo(row, place)}><bdi>${row.name}</bdi></a> <${DecisionChip} scenario=${row.name} /></td>
            <td>${row.outcome}${row.expectsFault && html` <small>as expected</small>`}</td>
            <td>${row.backend}</td>
            <td>${row.headline}</td>
            <td class="number">${duration(row.seconds)}</td>
          </tr>`,
        )}</tbody>
      </table></div>
      ${rows.length > most && html`<button type="button" onClick=${() => setMost(most + ROWS)}>${count(rows.length - most, 'more scenario')}</button>`}`
    }
  </details>`;
}

/** `45 scenarios as expected: 40 proven, 5 known faults caught`. */
function restSentence(rows: readonly ScenarioRow[]): string {
  const proven = rows.filter(({ outcome, expectsFault }) => outcome === 'proven' && !expectsFault).length;
  const skipped = rows.filter(({ outcome }) => outcome === 'skipped').length;
  const caught = rows.length - proven - skipped;
  const parts = [
    ...(proven > 0 ? [`${proven} proven`] : []),
    ...(caught > 0 ? [`${count(caught, 'known fault')} caught`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  return `${count(rows.length, 'scenario')} as expected: ${parts.join(', ')}`;
}
