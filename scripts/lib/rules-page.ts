/** Builds docs/rules.md: what each rule claims and reads, with the findings of spoiled runs as examples. Pure. */
import { collectEvidence } from '../../harness/judge/collect.ts';
import { findingsOf } from '../../harness/judge/judge.ts';
import { type Explanation, type Rule, SPEAKS } from '../../harness/judge/rule.ts';
import { type Case, spoilt } from '../../harness/judge/testing/cases.ts';
import { PLAN } from '../../harness/judge/testing/traces.ts';
import { type Finding, PROOFS } from '../../harness/judge/verdict.ts';

/** What the page says about a cause. */
export interface Meaning {
  readonly id: string;
  readonly means: string;
}

const MEANS: Record<Rule['speaks'], string> = {
  'before the first step': 'from the saved state and the state right after the resume',
  'at the first step': 'once both runs have made their first step after the resume',
  'at the first update': 'once an optimizer has written parameters in either run',
  'at the end of the segment': 'once both runs have reached the next resume point or their end',
};

/** The findings of a rule in each spoiled run where its finding comes first. */
export const examplesOf = (rule: Rule, cases: readonly Case[]): Finding[] =>
  cases
    .filter((one) => one.rule === rule.id)
    .flatMap((one) => {
      const found = findingsOf(collectEvidence(PLAN, 'wasm', spoilt(one).all));
      return found.filter((finding) => finding.rule === rule.id).slice(0, 1);
    });

/** What findings of a rule look like, and what they say of their causes. */
export function explanationOf(rule: Rule, cases: readonly Case[]): Explanation {
  const examples = examplesOf(rule, cases);
  const [first] = examples;
  if (first === undefined) throw new Error(`no spoiled run shows rule ${rule.id}; add one to CASES`);
  const { sentence, expected, seen } = first;
  return {
    example: { sentence, expected, seen },
    likelyCauses: once(examples.map(({ likelyCause }) => likelyCause)),
    fixes: once(examples.map(({ fix }) => fix)),
  };
}

/** The module that tells an installed package what the page tells. */
export const explanationsModule = (rules: readonly Rule[], cases: readonly Case[]): string =>
  [
    '/** What findings of each rule look like. Written by scripts/rules.ts, as docs/rules.md is. */',
    "import type { Explanation } from './rule.ts';",
    '',
    `export const EXPLANATIONS: Readonly<Record<string, Explanation>> = ${JSON.stringify(
      Object.fromEntries(rules.map((rule) => [rule.id, explanationOf(rule, cases)])),
      null,
      2,
    )};`,
    '',
  ].join('\n');

/** Escapes a text of the judge as one line of Markdown. Code in it stays code. */
export const plain = (text: string): string =>
  text.replaceAll(/\s+/g, ' ').replaceAll(/[\\*_<>[\]|#]/g, '\\$&');

/** Removes duplicates and keeps the order. */
const once = (texts: readonly string[]): string[] => [...new Set(texts)];

function section(rule: Rule, cases: readonly Case[]): string {
  const { example, likelyCauses, fixes } = explanationOf(rule, cases);
  const all = (texts: readonly string[]): string =>
    texts.length === 1
      ? ` ${plain(texts[0]!)}.`
      : `\n\n${texts.map((text) => `- ${plain(text)}`).join('\n')}`;
  return [
    `## ${rule.id}`,
    `**${plain(rule.claim)}** It reads ${plain(rule.reads)}. Earliest finding: ${rule.speaks}. ${
      rule.proof === 'run'
        ? 'A finding concerns the evidence itself'
        : `A finding belongs to the proof _${rule.proof}_`
    }.`,
    `> ${plain(example.sentence)} Expected: ${plain(example.expected)}. Seen: ${plain(example.seen)}.`,
    `Likely cause:${all(likelyCauses)}`,
    `How to fix:${all(fixes)}`,
  ].join('\n\n');
}

const causeList = (causes: readonly Meaning[]): string[] =>
  causes.length === 0
    ? []
    : [
        '# Causes',
        'The first sentence of a verdict may name one of these causes, which verdict.json repeats as `cause`: the one that accounts for most of the findings.',
        causes.map(({ id, means }) => `- \`${id}\`: ${plain(means)}`).join('\n'),
      ];

/** The whole page: one section per rule, headed by the rule's id, then the causes. */
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
      : ' If the judge can name the [cause](#causes) of the findings, the verdict starts with it.';
  return `${[
    '# Rules',
    `Each rule makes a claim about a healthy resumed run. A finding says why the claim does not hold. The rules are listed in the order of their findings in a verdict: a cause comes before its effects.${named}`,
    listed.join('\n'),
    'The earliest finding of a rule comes at one of these points:',
    SPEAKS.map((when) => `- _${when}_: ${MEANS[when]}`).join('\n'),
    `The finding comes later if the problem appears later. A segment is the part of a run from one resume to the next, or to the end. The examples show what the judge reports for a small run of ${PLAN.steps} steps that is resumed after step ${PLAN.resumeAt.join(' and ')} and spoiled on purpose. \`node scripts/start.mjs scripts/rules.ts\` writes this page and what \`resumeproof explain RULE\` prints, and a test fails when the page is out of date.`,
    ...rules.map((rule) => section(rule, cases)),
    ...causeList(causes),
  ].join('\n\n')}\n`;
}
