/** What the rules say that found something: each once at the end of the page, where its findings link to. */
import { RULES } from '../judge/rules/index.ts';
import { html, type Markup } from './markup.ts';
import { ruleSection } from './summary.ts';

const KNOWN = new Map(RULES.map((rule) => [rule.id, rule]));

const anchorOf = (id: string): string => `rule-${id}`;

/** The rule's name, which leads to what it says; of a rule that this version does not know, the name alone. */
export const ruleName = (id: string): Markup =>
  KNOWN.has(id) ? html`<a href=${`#${anchorOf(id)}`}><code>${id}</code></a>` : html`<code>${id}</code>`;

/** @param found their ids */
export function ruleGlossary(found: ReadonlySet<string>): Markup {
  const rules = RULES.filter(({ id }) => found.has(id));
  if (rules.length === 0) return '';
  return html`<section class="scenario" id="rules">
    <h2>The rules that found something</h2>
    <p class="quiet">Each claims something of a healthy resumed run; an example of what it finds and how to mend it lies in the repository of resumeproof.</p>
    ${rules.map(
      ({ id, claim, reads, speaks }) => html`<article class="finding rule" id=${anchorOf(id)}>
        <p class="sentence"><code>${id}</code> ${claim}</p>
        <p class="quiet">It reads ${reads}. It can speak ${speaks}. See <code>${ruleSection(id)}</code></p>
      </article>`,
    )}
    <p class="up"><a href="#top">back to the top</a></p>
  </section>`;
}
