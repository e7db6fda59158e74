/** Trainers with reported bugs, which were written without sight of the rules: what is said of them stays as good. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtures, verdictsOn } from './testing/start.ts';

const known = JSON.parse(readFileSync(path.join(fixtures, 'reported', 'verdicts.json'), 'utf8'));

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-reported-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test.each(['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh'])(
  'each bug of the %s twenty is named, and each healthy trainer is proven',
  async (set) => {
    const verdicts = await verdictsOn(path.join('reported', set), scratch);
    const broken = [...verdicts.values()].filter(({ scenario }) => scenario.includes('--'));
    const seen = broken.map(({ scenario, outcome, cause, findings }) => [
      scenario,
      { outcome, cause, rule: findings[0]?.rule },
    ]);
    const wanted = Object.entries<object>(known[set]).map(([name, one]) => [
      name,
      { outcome: 'refuted', ...one },
    ]);
    expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(wanted));
    const healthy = [...verdicts.values()].filter((verdict) => !broken.includes(verdict));
    expect(healthy.length).toBeGreaterThan(10);
    expect(healthy.filter(({ outcome }) => outcome !== 'proven').map(({ headline }) => headline)).toEqual([]);
  },
);
