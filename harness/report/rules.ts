/** The glossary at the end of a page: each rule that the page names, once, as the target of links. */
import { RULES } from '../judge/rules/index.ts';
import { html, type Markup } from './markup.ts';
import { explaining } from './summary.ts';

const KNOWN = new Map(RULES.map((rule) => [rule.id, rule]));

const anchorOf = (id: string): string => `rule-${id}`;

/** The rule's name, linked to its explanation. An unknown rule gets no link. */
export const ruleName = (id: string): Markup =>
  KNOWN.has(id) ? html`<a href=${`#${anchorOf(id)}`}><code>${id}</code></a>` : html`<code>${id}</code>`;

/** @param named their ids */
export function ruleGlossary(heading: string, named: ReadonlySet<string>): Markup {
  const rules = RULES.filter(({ id }) => named.has(id));
  if (rules.length === 0) return '';
  return html`<section class="scenario" id="rules">
    <h2>${heading}</h2>
    <p class="quiet">Each rule is a claim about a healthy resumed run. The command below each rule shows an example of its findings and how to fix them.</p>
    ${rules.map(
      ({ id, claim, reads, speaks }) => html`<article class="finding rule" id=${anchorOf(id)}>
        <p class="sentence"><code>${id}</code> ${claim}</p>
        <p class="quiet">It reads ${reads}. Earliest finding: ${speaks}. <code>${explaining(id)}</code></p>
      </article>`,
    )}
    <p class="up"><a href="#top">back to the top</a></p>
  </section>`;
}
