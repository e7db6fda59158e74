/** The page: the list of scenarios, or one of them. */
/// <reference lib="dom" />
import { useEffect, useState } from 'preact/hooks';
import type { PageIndex } from '../data.ts';
import { html, type Markup } from '../markup.ts';
import { type Decision, decidedOf } from '../review.ts';
import { NOTE, Progress } from './decisions.ts';
import { filtered } from './filter.ts';
import { Help } from './help.ts';
import { focusedScenario, moveFocus, useKeys } from './keys.ts';
import { go, type Place, usePlace } from './location.ts';
import { PrintPage } from './print.ts';
import { ReviewProvider, toggle, useReviewing } from './review.ts';
import { ScenarioList } from './scenario-list.ts';
import { ScenarioView } from './scenario-view.ts';

export function App({ index }: { readonly index: PageIndex }): Markup {
  const place = usePlace();
  const [help, setHelp] = useState(false);
  const [printing, setPrinting] = useState(false);
  const reviewing = useReviewing(index.startedAt);
  const shown = filtered(
    index.scenarios,
    place,
    // What is open stays in the list until the reader leaves it.
    (name) =>
      name === place.scenario ? place.review : (decidedOf(reviewing.review, name).decision ?? 'undecided'),
  );
  const at = shown.findIndex(({ name }) => name === place.scenario);
  const open = index.scenarios.find(({ name }) => name === place.scenario);
  const list: Place = { ...place };
  delete list.scenario;
  delete list.finding;
  delete list.parameter;
  const openAt = (next: number): void => {
    const row = shown[next];
    if (row !== undefined) go({ ...list, scenario: row.name });
  };
  const decide = (decision: Decision): void => {
    const scenario = open?.name ?? focusedScenario();
    if (scenario === undefined || help) return;
    // What is decided may leave the list, and the focus with it.
    if (open === undefined && place.review !== undefined) moveFocus(1);
    toggle(reviewing, scenario, decision);
  };
  useKeys({
    a: () => decide('accepted'),
    r: () => decide('rejected'),
    m: () => document.getElementById(NOTE)?.focus(),
    '?': () => setHelp((was) => !was),
    Escape: () => (help ? setHelp(false) : open !== undefined && go(list)),
    n: () => openAt(open === undefined ? 0 : at + 1),
    p: () => open !== undefined && openAt(at - 1),
  });
  useEffect(() => {
    const start = (): void => setPrinting(true);
    const end = (): void => setPrinting(false);
    addEventListener('beforeprint', start);
    addEventListener('afterprint', end);
    return () => {
      removeEventListener('beforeprint', start);
      removeEventListener('afterprint', end);
    };
  }, []);
  useEffect(() => {
    document.title = `${open === undefined ? (index.green ? 'Passed' : 'Failed') : open.name} – resumeproof`;
    // The reader of a new view starts at its top.
    scrollTo(0, 0);
  }, [open, index]);
  if (printing) return html`<${PrintPage} index=${index} />`;
  return html`<${ReviewProvider} value=${reviewing}><main>
    <${Progress} index=${index} />
    ${
      place.scenario === undefined
        ? html`<${ScenarioList} index=${index} place=${place} shown=${shown} />`
        : open === undefined
          ? html`<p class="mismatch">No scenario of this report has the name ‘${place.scenario}’. <a href="#">All scenarios</a></p>`
          : html`<${ScenarioView} key=${open.element} index=${index} row=${open} place=${place} list=${list} previous=${shown[at - 1]} next=${shown[at + 1]} />`
    }
    <p class="keys quiet"><button type="button" class="plain" onClick=${() => setHelp(true)}>Keyboard: press <kbd>?</kbd></button></p>
    ${help && html`<${Help} close=${() => setHelp(false)} />`}
  </main><//>`;
}
