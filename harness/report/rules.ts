/** What the rules say that a page names: each once at its end, where the names lead to. */
import { RULES } from '../judge/rules/index.ts';
import { html, type Markup } from './markup.ts';
import { ruleSection } from './summary.ts';

const KNOWN = new Map(RULES.map((rule) => [rule.id, rule]));

const anchorOf = (id: string): string => `rule-${id}`;

/** The rule's name, which leads to what it says; of a rule that this version does not know, the name alone. */
export const ruleName = (id: string): Markup =>
  KNOWN.has(id) ? html`<a href=${`#${anchorOf(id)}`}><code>${id}</code></a>` : html`<code>${id}</code>`;

/** @param named their ids */
export function ruleGlossary(heading: string, named: ReadonlySet<string>): Markup {
  const rules = RULES.filter(({ id }) => named.has(id));
  if (rules.length === 0) return '';
  return html`<section class="scenario" id="rules">
    <h2>${heading}</h2>
    <p class="quiet">Each claims something of a healthy resumed run; an example of what it finds and how to fix it lies in the repository of resumeproof.</p>
    ${rules.map(
      ({ id, claim, reads, speaks }) => html`<article class="finding rule" id=${anchorOf(id)}>
        <p class="sentence"><code>${id}</code> ${claim}</p>
        <p class="quiet">It reads ${reads}. It can speak ${speaks}. See <code>${ruleSection(id)}</code></p>
      </article>`,
    )}
    <p class="up"><a href="#top">back to the top</a></p>
  </section>`;
}
