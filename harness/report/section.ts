/** One scenario's part of the page. */
import { type Compared, type NoiseRecord, type Outcome, PROOFS, type Verdict } from '../judge/verdict.ts';
import { describeHistory } from '../trace/history.ts';
import { curveFigure } from './curves.ts';
import { findingList } from './findings.ts';
import { html, type Markup } from './markup.ts';
import { sampleSection } from './samples/panel-markup.ts';
import {
  byDeclaration,
  cutSentence,
  declarations,
  deviceSentence,
  knownBad,
  standing,
  tone,
} from './summary.ts';
import { count, duration, enumerate } from './text.ts';
import type { RunRow, Section } from './view.ts';

const MAX_RESUMES_NAMED = 12;
const SIGN: Record<Verdict['outcome'], string> = {
  proven: '✓',
  refuted: '✗',
  inconclusive: '?',
  skipped: '–',
};

export function scenarioSection(section: Section): Markup {
  const { verdict, anchor, curves, samples, runs, moreRuns } = section;
  return html`<section id=${anchor} class=${`scenario ${tone(verdict)}`}>
    <h2><bdi>${verdict.scenario}</bdi> <span class=${`chip ${tone(verdict)}`}>${standing(verdict)}</span></h2>
    <p class="headline">${verdict.headline}</p>
    ${verdict.mismatch !== null && html`<p class="mismatch">${verdict.mismatch}</p>`}
    ${verdict.caveats.map((caveat) => html`<p class="caveat"><strong>Caveat</strong> ${caveat}</p>`)}
    ${verdict.about !== '' && html`<p class="quiet">${verdict.about}</p>`}
    <dl class="facts">
      <dt>Outcome</dt><dd>${outcomeMark(verdict.outcome, verdict)}${expectation(verdict)}</dd>
      <dt>Proofs</dt><dd>${proofMarks(verdict)}</dd>
      ${
        verdict.deviations.length > 0 &&
        html`<dt>By declaration</dt><dd>${declarations(verdict).map((line) => html`<p class="declared">${line}</p>`)}</dd>`
      }
      <dt>Plan</dt><dd>${planSentence(verdict)}${verdict.cut !== null && html`<p class="caveat">${cutSentence(verdict)}</p>`}</dd>
      <dt>Device</dt><dd>${deviceSentence(verdict)}</dd>
      ${verdict.compared !== null && html`<dt>Compared</dt><dd>${comparedText(verdict.compared)}</dd>`}
      ${verdict.noise !== null && html`<dt>Judged by</dt><dd>${verdict.noise.text}${noiseTable(verdict.noise)}</dd>`}
      <dt>Run again</dt><dd><code class="command">${verdict.replay}</code></dd>
    </dl>
    ${(verdict.findings.length > 0 || verdict.outcome !== 'skipped') && findingList(verdict.findings)}
    ${runs.length > 0 && sampleSection(samples, verdict.plan.resumeAt.length)}
    ${
      curves.length > 0 &&
      html`<h3>Curves <small>by step; vertical lines: the resumes</small></h3>
      <div class="curves">${curves.map((curve) => curveFigure(curve, verdict.plan.steps, verdict.plan.resumeAt))}</div>`
    }
    ${runs.length > 0 && runTable(runs, moreRuns)}
    <p class="up"><a href="#top">back to the top</a></p>
  </section>`;
}

/** An expected refutation is not coloured as an alarm. */
export function outcomeMark(outcome: Outcome | 'skipped', verdict: Verdict): Markup {
  const calm = verdict.asExpected && knownBad(verdict) && outcome !== 'proven';
  return html`<span class=${`mark-${calm ? 'calm' : outcome}`}>${SIGN[outcome]} ${outcome}</span>`;
}

function expectation(verdict: Verdict): string {
  if (verdict.expect === 'proven') return '';
  return ` – a known fault that these rules must find: ${enumerate(verdict.expect.slice(0, 20))}`;
}

function proofMarks(verdict: Verdict): Markup {
  const { proofs } = verdict;
  if (proofs === null) return 'none was judged';
  return PROOFS.map(
    (proof) =>
      html`<span class="proof">${proof} ${outcomeMark(proofs[proof], verdict)}${declared(byDeclaration(verdict, proof))}</span>${' '}`,
  );
}

const declared = (text: string): string => (text === '' ? '' : ` (${text})`);

function planSentence({ plan, history }: Verdict): string {
  if (history !== null) {
    const processes = history.processes.slice(0, MAX_RESUMES_NAMED);
    const left = history.processes.length - processes.length;
    const described = describeHistory({ ...history, processes });
    return `${count(plan.steps, 'step')}: ${described}${left > 0 ? `; ${left} more` : ''}`;
  }
  const named = plan.resumeAt.slice(0, MAX_RESUMES_NAMED);
  const more = plan.resumeAt.length - named.length;
  const points: (string | number)[] = more > 0 ? [...named, `${more} more`] : named;
  if (points.length === 0) return `${count(plan.steps, 'step')}, never resumed`;
  const on = plan.resumeOn === undefined ? '' : `, in turn on ${[...new Set(plan.resumeOn)].join(', ')}`;
  return `${count(plan.steps, 'step')}; saved, stopped and resumed after step ${enumerate(points)}${on}`;
}

const SINGULAR: Readonly<Record<keyof Compared, string>> = {
  processes: 'process',
  steps: 'step',
  tensors: 'tensor',
  samples: 'sample',
  generators: 'generator',
  counters: 'counter',
};

/** `3 processes, 4 steps, 38 tensors …`, which shows that a proof is not empty. */
const comparedText = (compared: Compared): string =>
  Object.entries(compared)
    .map(([what, count]) => `${count} ${count === 1 ? SINGULAR[what as keyof Compared] : what}`)
    .join(', ');

/** By quantity, the noise of the controls and the difference that it allows; empty if all are equal to the bit. */
function noiseTable({ quantities }: NoiseRecord): Markup {
  if (quantities.length === 0) return '';
  const figures = (value: number): string => value.toExponential(1);
  return html`<div class="wide"><table>
      <thead><tr><th>Quantity</th><th class="number">Noise, relative</th><th class="number">Allowed</th><th class="number">Standard deviations</th><th class="number">Degrees of freedom</th><th class="number">Comparisons</th></tr></thead>
      <tbody>${quantities.map(
        ({ quantity, floor, allowed, factor, degrees, comparisons }) => html`<tr>
          <td>${quantity}</td>
          <td class="number">${figures(floor)}</td>
          <td class="number">${allowed === null ? 'nothing to compare' : `${figures(allowed.least)} to ${figures(allowed.most)}`}</td>
          <td class="number">${factor.toFixed(1)}</td>
          <td class="number">${degrees < 1000 ? degrees.toFixed(1) : '> 1000'}</td>
          <td class="number">${comparisons}</td>
        </tr>`,
      )}</tbody>
    </table></div>`;
}

function runTable(runs: readonly RunRow[], more: number): Markup {
  return html`<h3>Runs</h3>
    <div class="wide"><table>
      <thead><tr><th>Run</th><th>Process</th><th>Exit</th><th class="number">Time</th><th>Trace</th></tr></thead>
      <tbody>${runs.map(runRow)}</tbody>
    </table></div>
    ${more > 0 && html`<p class="quiet">and ${count(more, 'more run')}</p>`}`;
}

function runRow(run: RunRow): Markup {
  const told = run.notes.length > 0 || run.stderr.length > 0;
  return html`<tr>
      <td>${run.name}</td>
      <td class=${run.sound ? '' : 'mark-refuted'}>${run.outcome}</td>
      <td>${run.exit}</td>
      <td class="number">${duration(run.seconds)}</td>
      <td>${run.link === undefined ? html`<code>${run.trace}</code> (no link: the path leads out of the folder)` : html`<a href=${run.link}>${run.trace}</a>`}</td>
    </tr>
    ${
      told &&
      html`<tr class="told"><td colspan="5">
        ${run.notes.map((note) => html`<p>${note}</p>`)}
        ${run.stderr.length > 0 && html`<details open=${!run.sound}><summary>end of stderr</summary><pre>${run.stderr.join('\n')}</pre></details>`}
      </td></tr>`
    }`;
}
