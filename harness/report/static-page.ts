/** What the page says without its script, and in print: the result, and the findings of what is not as expected. */
import type { Gate, Verdict } from '../judge/verdict.ts';
import { findingList } from './findings.ts';
import { html, type Markup } from './markup.ts';
import { ruleGlossary } from './rules.ts';
import { standing, tone } from './summary.ts';
import { count, duration } from './text.ts';

/** Scenarios whose findings are listed. */
const MAX_SCENARIOS = 100;

/** @param verdicts with texts that are cleaned */
export function staticPage({ verdicts }: Pick<Gate, 'verdicts'>): Markup {
  const wrong = verdicts.filter(({ asExpected }) => !asExpected);
  const shown = wrong.slice(0, MAX_SCENARIOS);
  const rules = shown.flatMap(({ findings }) => findings.map(({ rule }) => rule));
  return html`<main>
    <div class="wide overview" tabindex="0" role="group" aria-label="Scenarios"><table>
      <thead><tr><th>Scenario</th><th>Verdict</th><th>Summary</th><th class="number">Time</th></tr></thead>
      <tbody>${[...verdicts].sort((a, b) => Number(a.asExpected) - Number(b.asExpected)).map(row)}</tbody>
    </table></div>
    ${shown.map(section)}
    ${shown.length < wrong.length && html`<p class="quiet">and ${count(wrong.length - shown.length, 'more scenario')} not as expected; see verdict.json</p>`}
    ${ruleGlossary('Rules with findings', new Set(rules))}
  </main>`;
}

function row(verdict: Verdict): Markup {
  return html`<tr class=${tone(verdict)}>
    <td><bdi>${verdict.scenario}</bdi></td>
    <td>${verdict.outcome} <span class=${`chip ${tone(verdict)}`}>${standing(verdict)}</span></td>
    <td class="sentence">${verdict.headline}</td>
    <td class="number">${duration(verdict.seconds)}</td>
  </tr>`;
}

function section(verdict: Verdict): Markup {
  return html`<section class=${`scenario ${tone(verdict)}`}>
    <h2><bdi>${verdict.scenario}</bdi> <span class=${`chip ${tone(verdict)}`}>${standing(verdict)}</span></h2>
    <p class="headline">${verdict.headline}</p>
    ${verdict.mismatch !== null && html`<p class="mismatch">${verdict.mismatch}</p>`}
    ${verdict.caveats.map((caveat) => html`<p class="caveat"><strong>Caveat</strong> ${caveat}</p>`)}
    <p>Run again: <code class="command">${verdict.replay}</code></p>
    ${findingList(verdict.findings)}
  </section>`;
}
