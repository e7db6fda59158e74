/** The gate's page as one file: the index and the script come first, so that it is read while the rest arrives. */

import { RULES } from '../judge/rules/index.ts';
import type { Gate, Origin } from '../judge/verdict.ts';
import type { Client } from './client-file.ts';
import type { PageIndex, RuleText, ScenarioRow } from './data.ts';
import { headOf, policyOf, rendered } from './document.ts';
import type { Fitted } from './fit.ts';
import { html, type Markup } from './markup.ts';
import type { PastRuns } from './past.ts';
import type { Comparison } from './past-changes.ts';
import { staticPage } from './static-page.ts';
import { STYLES } from './styles.ts';
import { deviceSentence, explaining, gateSentence, isGreen } from './summary.ts';
import { count, duration, moment, shortCommit, tame } from './text.ts';
import { gateTrend } from './trend.ts';
import { scenarioRow } from './view.ts';

const MAX_DEVICES = 5;

export interface PageParts {
  /** Of the scenarios; one that is missing has nothing to open. */
  readonly details: Fitted;
  /** The number of samples that did not fit. */
  readonly leftOut: number;
  readonly client: Client;
  /** Earlier runs on the same backend, the newest last. */
  readonly past: PastRuns;
  readonly comparison: Comparison | undefined;
}

/** The page in parts. */
export function* page(
  raw: Gate,
  { details, leftOut, client, past, comparison }: PageParts,
): Generator<string> {
  const gate = tame(raw);
  const rows = gate.verdicts.map((verdict, at) => scenarioRow(verdict, `scenario-${at + 1}`));
  const index: PageIndex = {
    ...indexOf(gate, rows),
    trend: gateTrend(past.runs, gate),
    comparison: comparison === undefined ? null : tame(comparison),
    omitted: omissions(details.reduced(), leftOut, past.unreadable),
  };
  const title = `${index.green ? 'Passed' : 'Failed'} – resumeproof`;
  yield headOf({ title, style: styleOf(client), script: client.script });
  yield '<body id="top">';
  yield rendered(
    html`<header class=${index.green ? 'good' : 'bad'}>
      <h1>${index.sentence}</h1>
      ${index.problem !== null && html`<p class="mismatch">${index.problem}</p>`}
      <p>${index.devices}</p>
      <p class="quiet">resumeproof, started ${moment(gate.startedAt)}, took ${duration(gate.seconds)}${originOf(gate.origin)}</p>
      ${index.omitted.map((sentence) => html`<p class="quiet">${sentence}</p>`)}
    </header>`,
  );
  yield rendered(html`<noscript>${staticPage(gate)}</noscript>`);
  yield '<div id="app"></div>\n';
  yield `<script type="application/json" id="index">${scriptText(index)}</script>\n`;
  yield `${scriptElement(client)}\n`;
  for (const [at, { scenario }] of raw.verdicts.entries()) {
    const data = details.read(scenario);
    if (data !== undefined) yield `<script type="text/plain" id="${rows[at]!.element}">${data}</script>\n`;
  }
  yield '</body></html>\n';
}

const styleOf = (client: Client): string => `${STYLES}\n${client.style}`;
const scriptElement = ({ script }: Client): string => `<script>${script}</script>`;

/** The policy under which a page can be served. One that has another script, as another version writes it, has none. */
export const servingPolicy = (text: string, client: Client): string | undefined =>
  text.includes(scriptElement(client))
    ? `${policyOf(styleOf(client), client.script)}; frame-ancestors 'none'`
    : undefined;

function indexOf(
  gate: Gate,
  scenarios: readonly ScenarioRow[],
): Omit<PageIndex, 'trend' | 'comparison' | 'omitted'> {
  const sentence = gateSentence(gate);
  const told = gate.problem === null || sentence.includes(gate.problem.replace(/\.$/, ''));
  const named = new Set(scenarios.flatMap(({ rules }) => rules));
  return {
    sentence,
    green: isGreen(gate),
    problem: told ? null : gate.problem,
    devices: devices(gate),
    baselines: gate.baselines,
    startedAt: gate.startedAt,
    seconds: gate.seconds,
    scenarios,
    rules: Object.fromEntries(
      RULES.filter(({ id }) => named.has(id)).map(({ id, claim, reads, speaks }): [string, RuleText] => [
        id,
        { claim, reads, speaks, help: explaining(id) },
      ]),
    ),
  };
}

/** `, commit abc of main, GitHub Actions 7`, with a link to the job. */
function originOf({ commit, branch, job, url }: Origin): Markup {
  const from = commit === null ? '' : `, commit ${shortCommit(commit)}`;
  const linked = job !== null && url !== null && /^https?:\/\//.test(url);
  return html`${from}${branch !== null && ` of ${branch}`}${job !== null && html`, ${linked ? html`<a href=${url}>${job}</a>` : job}`}`;
}

/** The devices that the scenarios ran on, usually one. */
function devices({ verdicts, backend }: Gate): string {
  const all = [...new Set(verdicts.flatMap((own) => (own.backend === null ? [] : [deviceSentence(own)])))];
  if (all.length === 0) return `Backend ${backend}; no run recorded its device.`;
  const more = all.length - MAX_DEVICES;
  return `Backend ${all.slice(0, MAX_DEVICES).join(' · ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function omissions(reduced: number, leftOut: number, unreadable: number): string[] {
  return [
    ...(leftOut > 0
      ? [`${count(leftOut, 'sample')} left out to keep this page small; see the files beside the traces.`]
      : []),
    ...(reduced > 0
      ? [
          `To keep this page small, ${count(reduced, 'scenario')} shown with fewer values; the traces have all.`,
        ]
      : []),
    ...(unreadable > 0
      ? [`${count(unreadable, 'line')} of history.jsonl cannot be read, so earlier runs are missing here.`]
      : []),
  ];
}

/** JSON text that ends no element. */
const scriptText = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');
