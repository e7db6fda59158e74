/** How this run differs from an earlier one, and what earlier runs found. */
/// <reference lib="dom" />
import type { PageIndex, TrendPoint } from '../data.ts';
import { html, type Markup } from '../markup.ts';
import { CHANGES, type Comparison } from '../past-changes.ts';
import { duration, figure, moment, shortCommit } from '../text.ts';
import { linkOf } from './location.ts';

export function Since({
  comparison,
  scenarios,
}: Pick<PageIndex, 'scenarios'> & { readonly comparison: Comparison }): Markup {
  const { startedAt, commit, changes } = comparison;
  const shown = new Set(scenarios.map(({ name }) => name));
  return html`<section class="since" aria-labelledby="since">
    <h2 id="since">Since ${moment(startedAt)}${commit !== null && html` <small>commit ${shortCommit(commit)}</small>`}</h2>
    ${changes.length === 0 && html`<p>Nothing changed.</p>`}
    <dl>${CHANGES.map((change) => {
      const own = changes.filter((each) => each.change === change);
      if (own.length === 0) return '';
      return html`<dt>${change}</dt><dd>${own.map(
        ({ scenario, before }, at) =>
          html`${at > 0 && ', '}${shown.has(scenario) ? html`<a href=${linkOf({ scenario })}>${scenario}</a>` : scenario}${change === 'mended' && before !== null && html` <small>${before}</small>`}`,
      )}</dd>`;
    })}</dl>
  </section>`;
}

/** How the control of scenarios differs from their baselines: all, or of one scenario. */
export function Baselines({
  baselines,
  only,
}: Pick<PageIndex, 'baselines'> & { readonly only?: string }): Markup {
  const changed = baselines.filter(
    ({ scenario, changes }) => changes.length > 0 && (only === undefined || scenario === only),
  );
  if (changed.length === 0) return '';
  return html`<section class="since" aria-labelledby="baselines">
    <h2 id="baselines">The training changed since its baseline <small>no verdict depends on it</small></h2>
    <dl>${changed.map(
      ({ scenario, changes }) =>
        html`<dt><a href=${linkOf({ scenario })}><bdi>${scenario}</bdi></a></dt><dd>${changes.map((change) => html`<p>${change}</p>`)}</dd>`,
    )}</dl>
    <p class="quiet">If that is wanted: <code class="command">resumeproof approve ${changed.map(({ scenario }) => scenario).join(' ')}</code></p>
  </section>`;
}

interface TrendProps {
  readonly title: string;
  /** The newest last. */
  readonly points: readonly TrendPoint[];
}

export function Trend({ title, points }: TrendProps): Markup {
  if (points.length < 2) return '';
  const norms = points.filter(({ norm }) => norm !== null);
  return html`<details class="trend"><summary>${title}
      <${Line} label="time" values=${points.map(({ seconds }) => seconds)} text=${duration} />
      <${Line} label="failing" values=${points.map(({ failing }) => failing)} text=${figure} />
      ${norms.length > 1 && html`<${Line} label="norm of the control" values=${norms.map(({ norm }) => norm!)} text=${figure} />`}
    </summary>
    <div class="wide" tabindex="0" role="group" aria-label="Table"><table>
      <thead><tr><th>Run</th><th>Commit</th><th class="number">Failing</th><th class="number">Time</th>${norms.length > 0 && html`<th class="number">Norm at the end</th>`}</tr></thead>
      <tbody>${points
        .toReversed()
        .map(
          (own) =>
            html`<tr><td>${own.moment}</td><td>${own.commit ?? '–'}</td><td class="number">${own.failing}</td><td class="number">${duration(own.seconds)}</td>${norms.length > 0 && html`<td class="number">${own.norm === null ? '–' : figure(own.norm)}</td>`}</tr>`,
        )}</tbody>
    </table></div>
  </details>`;
}

const WIDTH = 120;
const HEIGHT = 22;

interface LineProps {
  readonly label: string;
  readonly values: readonly number[];
  readonly text: (value: number) => string;
}

/** A small line without axes; its label tells where it ends. */
function Line({ label, values, text }: LineProps): Markup {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (at: number): number => 1 + (at * (WIDTH - 2)) / (values.length - 1);
  const y = (value: number): number =>
    high === low ? HEIGHT / 2 : HEIGHT - 2 - ((value - low) * (HEIGHT - 4)) / (high - low);
  const path = values
    .map((value, at) => `${at === 0 ? 'M' : 'L'}${x(at).toFixed(1)},${y(value).toFixed(1)}`)
    .join('');
  return html`<span class="spark"><svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} width=${WIDTH} height=${HEIGHT} aria-hidden="true"><path d=${path} /></svg> ${label} ${text(values.at(-1)!)}</span>`;
}
