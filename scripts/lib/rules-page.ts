/** docs/rules.md: what each rule claims, reads and finds, shown by runs that are spoiled on purpose. Pure. */
import { collectEvidence } from '../../harness/judge/collect.ts';
import { findingsOf } from '../../harness/judge/judge.ts';
import { type Rule, SPEAKS } from '../../harness/judge/rule.ts';
import { type Case, spoilt } from '../../harness/judge/testing/cases.ts';
import { PLAN } from '../../harness/judge/testing/traces.ts';
import { type Finding, PROOFS } from '../../harness/judge/verdict.ts';

/** What the page says of a cause. */
export interface Meaning {
  readonly id: string;
  readonly means: string;
}

const MEANS: Record<Rule['speaks'], string> = {
  'before the first step': 'from what is saved and what the resumed process then holds',
  'at the first step': 'once both have made the first step after the resume',
  'at the first update': 'once an optimizer has written parameters in either of them',
  'at the end of the segment': 'once both are at the next resume point, or at their end',
};

/** What a rule finds in each way to spoil a run of which it heads the findings. */
export const examplesOf = (rule: Rule, cases: readonly Case[]): Finding[] =>
  cases
    .filter((one) => one.rule === rule.id)
    .flatMap((one) => {
      const found = findingsOf(collectEvidence(PLAN, 'wasm', spoilt(one).all));
      return found.filter((finding) => finding.rule === rule.id).slice(0, 1);
    });

/** A text of the judge as Markdown that shows it as it is, on one line; code in it stays code. */
export const plain = (text: string): string =>
  text.replaceAll(/\s+/g, ' ').replaceAll(/[\\*_<>[\]|#]/g, '\\$&');

/** The same texts once, in their order. */
const once = (texts: readonly string[]): string[] => [...new Set(texts)];

function section(rule: Rule, cases: readonly Case[]): string {
  const examples = examplesOf(rule, cases);
  const [first] = examples;
  if (first === undefined) throw new Error(`no way to spoil a run shows rule ${rule.id}; add one to CASES`);
  const all = (texts: readonly string[]): string =>
    once(texts).length === 1
      ? ` ${plain(texts[0]!)}.`
      : `\n\n${once(texts)
          .map((text) => `- ${plain(text)}`)
          .join('\n')}`;
  return [
    `## ${rule.id}`,
    `**${plain(rule.claim)}** It reads ${plain(rule.reads)}. It can speak ${rule.speaks}; what it finds ${
      rule.proof === 'run' ? 'is amiss in the evidence' : `is of the proof _${rule.proof}_`
    }.`,
    `> ${plain(first.sentence)} Expected: ${plain(first.expected)}. Seen: ${plain(first.seen)}.`,
    `Likely cause:${all(examples.map(({ likelyCause }) => likelyCause))}`,
    `How to fix:${all(examples.map(({ fix }) => fix))}`,
  ].join('\n\n');
}

const causeList = (causes: readonly Meaning[]): string[] =>
  causes.length === 0
    ? []
    : [
        '# Causes',
        'What the first sentence of a verdict may name as the cause, `cause` in verdict.json: that which accounts for most of what was found.',
        causes.map(({ id, means }) => `- \`${id}\`: ${plain(means)}`).join('\n'),
      ];

/** The whole page: a section a rule, in their order, whose heading is the rule's id; then the causes. */
export function rulesPage(
  rules: readonly Rule[],
  cases: readonly Case[],
  causes: readonly Meaning[],
): string {
  const listed = ([...PROOFS, 'run'] as const).map((proof) => {
    const own = rules.filter((rule) => rule.proof === proof);
    return `- ${proof === 'run' ? 'the evidence itself' : `_${proof}_`}: ${own.map(({ id }) => `[${id}](#${id})`).join(', ')}`;
  });
  const named =
    causes.length === 0
      ? ''
      : ' Where the [cause](#causes) of all that was found shows, the verdict names it first.';
  return `${[
    '# Rules',
    `Each rule claims something of a healthy resumed run, and what it finds is why the claim does not hold. They stand here in the order in which they explain each other: a cause before what follows from it.${named}`,
    listed.join('\n'),
    'A rule can speak',
    SPEAKS.map((when) => `- _${when}_: ${MEANS[when]}`).join('\n'),
    `at the soonest; of what goes wrong later only, it speaks later. A segment is what lies between a resume and the next one, or the end. In the examples a small run of ${PLAN.steps} steps is resumed after step ${PLAN.resumeAt.join(' and ')} and spoiled on purpose; what they say is what the judge says. The page is written by \`node scripts/start.mjs scripts/rules.ts\`; a test fails while it is not what the rules say.`,
    ...rules.map((rule) => section(rule, cases)),
    ...causeList(causes),
  ].join('\n\n')}\n`;
}
