import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CAUSES } from '../harness/judge/causes/index.ts';
import { EXPLANATIONS } from '../harness/judge/explanations.ts';
import { RULES } from '../harness/judge/rules/index.ts';
import { CASES } from '../harness/judge/testing/cases.ts';
import { examplesOf, explanationOf, plain, rulesPage } from './lib/rules-page.ts';

const FIX = 'docs/rules.md is out of date; run: node scripts/start.mjs scripts/rules.ts';

describe('docs/rules.md', async () => {
  const file = path.join(path.dirname(import.meta.dirname), 'docs', 'rules.md');
  const page = await readFile(file, 'utf8').catch(() => '');
  const [rules = '', causes = ''] = page.split(/^# Causes$/m);
  const sections = rules
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section] as const);

  test('is up to date with the rules, the causes and the spoiled runs', () => {
    expect(page, FIX).toBe(rulesPage(RULES, CASES, CAUSES));
  });

  test('tells an installed package the same, for `resumeproof explain`', () => {
    expect(EXPLANATIONS, FIX).toEqual(
      Object.fromEntries(RULES.map((rule) => [rule.id, explanationOf(rule, CASES)])),
    );
  });

  test('has one section per rule and one line per cause, in order, and nothing else', () => {
    expect(sections.map(([id]) => id)).toEqual(RULES.map(({ id }) => id));
    const lines = [...causes.matchAll(/^- `(.*?)`: .+$/gm)].map(([, id]) => id);
    expect(lines).toEqual(CAUSES.map(({ id }) => id));
    expect(new Set(lines).size).toBe(lines.length);
  });

  test.each(RULES)(
    'says what $id claims, reads and finds, when its earliest finding comes, and how to fix it',
    (rule) => {
      const text = sections.find(([id]) => id === rule.id)?.[1] ?? '';
      expect(text).toContain(`**${plain(rule.claim)}** It reads ${plain(rule.reads)}.`);
      expect(text).toContain(`Earliest finding: ${rule.speaks}.`);
      const examples = examplesOf(rule, CASES);
      const shown = [...text.matchAll(/^> (.*?) Expected: /gm)].map(([, sentence]) => sentence!);
      expect(shown).toHaveLength(1);
      expect(examples.map(({ sentence }) => plain(sentence))).toContain(shown[0]);
      for (const { likelyCause, fix } of examples) {
        expect(text).toContain(plain(likelyCause));
        expect(text).toContain(plain(fix));
      }
    },
  );

  test('has no broken links', () => {
    const targets = new Set([...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!.toLowerCase()));
    const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, target]) => target!);
    expect(links.length).toBeGreaterThan(RULES.length);
    expect(links.filter((target) => !targets.has(target))).toEqual([]);
  });
});
