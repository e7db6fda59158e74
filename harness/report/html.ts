/** The gate's page. */
import { PROOFS } from '../judge/verdict.ts';
import { documentOf } from './document.ts';
import { html, type Markup } from './markup.ts';
import { ruleGlossary } from './rules.ts';
import { outcomeMark, scenarioSection } from './section.ts';
import { deviceSentence, gateSentence, isGreen, standing, tone } from './summary.ts';
import { count, duration, moment } from './text.ts';
import type { Section, View } from './view.ts';

export function page(view: View): string {
  const { gate, sections, leftOut } = view;
  const green = isGreen(gate);
  const verdicts = sections.map(({ verdict }) => verdict);
  const sentence = gateSentence({ ...gate, verdicts });
  return documentOf(
    `${green ? 'Passed' : 'Failed'} – resumeproof`,
    html`<header class=${green ? 'good' : 'bad'}>
        <h1>${sentence}</h1>
        ${problem(view, sentence)}
        <p>${devices(view)}</p>
        <p class="quiet">resumeproof, started ${moment(gate.startedAt)}, took ${duration(gate.seconds)}</p>
        ${leftOut > 0 && html`<p class="mismatch">${count(leftOut, 'sample')} left out to keep this page small; see the files beside the traces.</p>`}
      </header>
      <main>${overview(sections)}${sections.map(scenarioSection)}${ruleGlossary('Rules with findings', new Set(verdicts.flatMap(({ findings }) => findings.map(({ rule }) => rule))))}</main>`,
  );
}

function problem({ gate }: View, sentence: string): Markup {
  if (gate.problem === null || sentence.includes(gate.problem.replace(/\.$/, ''))) return '';
  return html`<p class="mismatch">${gate.problem}</p>`;
}

/** The devices that the scenarios ran on, usually one. */
function devices({ gate, sections }: View): string {
  const named = sections.filter(({ verdict }) => verdict.backend !== null);
  const all = [...new Set(named.map(({ verdict }) => deviceSentence(verdict)))];
  if (all.length === 0) return `Backend ${gate.backend}; no run recorded its device.`;
  return `Backend ${all.slice(0, 5).join(' · ')}${all.length > 5 ? ` and ${all.length - 5} more` : ''}`;
}

function overview(sections: readonly Section[]): Markup {
  if (sections.length === 0) return '';
  return html`<div class="wide overview"><table>
    <thead><tr>
      <th>Scenario</th><th>Verdict</th><th>Expected?</th>
      ${PROOFS.map((proof) => html`<th>${proof[0]!.toUpperCase() + proof.slice(1)}</th>`)}
      <th>Summary</th><th class="number">Time</th>
    </tr></thead>
    <tbody>${sections.map(overviewRow)}</tbody>
  </table></div>`;
}

function overviewRow({ verdict, anchor }: Section): Markup {
  const { proofs } = verdict;
  return html`<tr class=${tone(verdict)}>
    <td><a href=${`#${anchor}`}><bdi>${verdict.scenario}</bdi></a></td>
    <td>${outcomeMark(verdict.outcome, verdict)}</td>
    <td><span class=${`chip ${tone(verdict)}`}>${standing(verdict)}</span></td>
    ${PROOFS.map((proof) => html`<td data-label=${proof}>${proofs === null ? '–' : html`${outcomeMark(proofs[proof], verdict)}${verdict.deviations.length > 0 && html`<br /><small>by declaration</small>`}`}</td>`)}
    <td class="sentence">${verdict.headline}</td>
    <td class="number">${duration(verdict.seconds)}</td>
  </tr>`;
}
