/** The conformance suite: the reader and the judge say of each case what it expects, and no kind of defect lacks a case. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { collectEvidence } from '../harness/judge/collect.ts';
import { type Judgement, judge } from '../harness/judge/judge.ts';
import { type History, historyIn } from '../harness/trace/history.ts';
import { readTrace } from '../harness/trace/read.ts';
import type { Trace } from '../harness/trace/schema.ts';
import { textsIn } from './lib/texts.ts';
import { type Expected, filesOf, suite, withTable } from './traces/suite.ts';

const root = path.dirname(import.meta.dirname);
const folder = path.join(root, 'fixtures', 'traces');
const FIX = 'run: node scripts/start.mjs scripts/traces.ts';

const cases = globSync('*/*/expected.json', { cwd: folder }).map((file) => path.dirname(file));
const textOf = (file: string): string => readFileSync(path.join(folder, file), 'utf8');
const expectedOf = (name: string) => JSON.parse(textOf(`${name}/expected.json`)) as Expected;

interface Said {
  readonly defects: Readonly<Record<string, string | undefined>>;
  readonly verdict: Judgement;
}

async function saidOf(name: string): Promise<Said> {
  const { files, history } = expectedOf(name);
  const traces = await Promise.all(
    Object.keys(files).map(async (file) => [file, await readTrace(path.join(folder, name, file))] as const),
  );
  return {
    defects: Object.fromEntries(traces.map(([file, { defect }]) => [file, defect])),
    verdict: verdictOn(
      traces.map(([, trace]) => trace),
      history as History | undefined,
    ),
  };
}

function verdictOn(traces: readonly Trace[], history = historyIn(traces)): Judgement {
  const subject = { scenario: 'line', about: '', expect: 'proven', replay: '' } as const;
  return judge(subject, collectEvidence(history, 'auto', traces));
}

test('the files are what the script writes', () => {
  const written = suite().flatMap((one) =>
    Object.entries(filesOf(one)).map(([file, text]) => [`${one.folder}/${file}`, text] as const),
  );
  const found = globSync('{good,bad}/**/*.{json,jsonl}', { cwd: folder }).map((file) =>
    file.split(path.sep).join('/'),
  );
  expect(found.sort(), FIX).toEqual(written.map(([file]) => file).sort());
  for (const [file, text] of written) expect(textOf(file), `${file}; ${FIX}`).toBe(text);
});

test('the page lists every case with a sentence', () => {
  const page = textOf('README.md');
  expect(page, FIX).toBe(withTable(page, suite()));
  const listed = [...page.matchAll(/^\| \[[\w-]+\]\(([\w-]+\/[\w-]+)\) +\| [^|]+\. +\| [^|]+ \|$/gm)];
  expect(listed.map(([, name]) => name).sort()).toEqual([...cases].sort());
});

describe('the reader and the judge say what is expected of', () => {
  test.each(cases)('%s', async (name) => {
    const { files, verdict: wanted } = expectedOf(name);
    const { defects, verdict } = await saidOf(name);
    for (const [file, said] of Object.entries(files)) {
      const text = said && `${said.line === null ? '' : `line ${said.line} `}${said.reason}`;
      expect(defects[file]?.slice(0, text?.length) ?? null, file).toBe(text);
    }
    const { outcome, findings, headline } = verdict;
    const rules = [...new Set(findings.map(({ rule }) => rule))];
    expect({ outcome, rules, headline }).toEqual({
      ...wanted,
      headline: expect.stringContaining(wanted.headline),
    });
    if (name.startsWith('bad/')) expect(outcome).not.toBe('proven');
  });
});

test('every line of a good trace is valid by docs/trace.schema.json', () => {
  const published = JSON.parse(readFileSync(path.join(root, 'docs', 'trace.schema.json'), 'utf8'));
  const schema = z.fromJSONSchema(published);
  for (const file of globSync('good/*/*.jsonl', { cwd: folder })) {
    for (const [at, line] of textOf(file).trimEnd().split('\n').entries())
      expect(schema.safeParse(JSON.parse(line)).error, `${file}:${at + 1}`).toBeUndefined();
  }
  expect(schema.safeParse(JSON.parse(textOf('bad/missing-field/before.jsonl').split('\n')[5]!)).success).toBe(
    false,
  );
});

/** What no small file can make the reader or the judge say; harness/trace/trace.test.ts does. */
const OUT_OF_REACH: readonly (readonly [text: RegExp, why: string])[] = [
  [/^is longer than … bytes$/, 'the line would have 64 MiB'],
  [/^has more counters, generators, versions or learning rates/, 'it would have 100,000 of them'],
  [/^more than … (keys|values)$/, 'there would be a million of them'],
  [/^cannot be read: …$|^a folder, pipe or device/, 'there would be no file'],
  [/^in one object$/, 'the key that is there twice is always found; this is the last resort of the message'],
];

describe('there is a case for all that can be said of a trace', () => {
  let said: string;
  beforeAll(async () => {
    const all = await Promise.all(cases.map(saidOf));
    said = all
      .flatMap(({ defects, verdict }) => [
        ...Object.values(defects),
        ...verdict.findings.flatMap(({ sentence, expected, seen }) => [sentence, expected, seen]),
      ])
      .join('\n');
  });

  test.each([
    ...['trace/assemble.ts', 'trace/read.ts', 'trace/lines.ts', 'json/parse.ts', 'json/scan.ts'],
    ...globSync('judge/consistency/*.ts', { cwd: path.join(root, 'harness') }),
  ])('by harness/%s', (file) => {
    // Reasons why a field is not compared are for the readers of the code.
    const texts = textsIn(path.join(root, 'harness', file), ['harmless']);
    const unsaid = texts.filter(
      ({ text, pattern }) => !OUT_OF_REACH.some(([known]) => known.test(text)) && !pattern.test(said),
    );
    expect(unsaid.map(({ text }) => text)).toEqual([]);
  });
});
