/** A verdict on traces of PyTorch names PyTorch's calls, and none of the harness's own trainers. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { historyIn } from '../trace/history.ts';
import { readTrace } from '../trace/read.ts';
import type { Trace } from '../trace/schema.ts';
import { collectEvidence } from './collect.ts';
import { type Judgement, judge } from './judge.ts';
import { inLanguageOf } from './language.ts';
import { RULES } from './rules/index.ts';

const suite = path.join(import.meta.dirname, '..', '..', 'fixtures', 'traces');
const OWN = /observe\(\)|deviate\(\)|TensorFlow|\btf\./;
let cases: (readonly Trace[])[];

beforeAll(async () => {
  const folders = new Set(globSync('*/*/*.jsonl', { cwd: suite }).map((file) => path.dirname(file)));
  cases = await Promise.all(
    [...folders].map((folder) =>
      Promise.all(
        globSync('*.jsonl', { cwd: path.join(suite, folder) }).map((file) =>
          readTrace(path.join(suite, folder, file)),
        ),
      ),
    ),
  );
});

/** The judgements on the conformance suite, as if its traces came from a library. */
function judgedAs(versions: Readonly<Record<string, string>>): Judgement[] {
  return cases.map((traces) => {
    const own = traces.map((trace) =>
      trace.run === undefined
        ? trace
        : { ...trace, run: { ...trace.run, backend: { ...trace.run.backend, versions } } },
    );
    const subject = { scenario: 'line', about: '', expect: 'proven', replay: '' } as const;
    return judge(subject, collectEvidence(historyIn(own), 'auto', own));
  });
}

const textsOf = (judgements: readonly Judgement[]): string[] =>
  judgements.flatMap(({ headline, findings }) => [
    headline,
    ...findings.flatMap(({ sentence, likelyCause, fix }) => [sentence, likelyCause, fix]),
  ]);
const fixesOf = (judgements: readonly Judgement[], rule: string): Set<string> =>
  new Set(
    judgements.flatMap(({ findings }) => findings.filter((one) => one.rule === rule)).map(({ fix }) => fix),
  );

test('on traces of other libraries, no text names what only the own trainers have', () => {
  expect(textsOf(judgedAs({ 'tfjs-core': '4.22.0' })).filter((text) => OWN.test(text))).not.toEqual([]);
  for (const versions of [{ torch: '2.11.0' }, { jax: '0.7.1' }])
    expect(textsOf(judgedAs(versions)).filter((text) => OWN.test(text))).toEqual([]);
});

test('each text of the judge that names such a thing can be said without it', () => {
  const files = globSync('**/*.ts', { cwd: import.meta.dirname }).filter(
    (file) => !/\.test\.ts$|^testing|^language\.ts$/.test(file),
  );
  const lines = files
    .flatMap((file) => readFileSync(path.join(import.meta.dirname, file), 'utf8').split('\n'))
    .filter((line) => /['`].*observe\(\)/.test(line) && !/^\s*(\/\/|\/?\*)/.test(line));
  expect(lines.length).toBeGreaterThan(5);
  const traces = [{ run: { backend: { versions: { jax: '0.7.1' } } } }] as unknown as Trace[];
  expect(
    lines
      .map((headline) => inLanguageOf({ traces }, { headline, findings: [] }).headline)
      .filter((line) => OWN.test(line)),
  ).toEqual([]);
});

test('fixes name the calls of the library that the traces come from', () => {
  const [torch, jax] = [judgedAs({ torch: '2.11.0' }), judgedAs({ jax: '0.7.1' })];
  expect([...fixesOf(torch, 'slots-not-restored')]).toEqual([
    expect.stringContaining('`optimizer.load_state_dict` once the optimizer holds'),
  ]);
  expect([...fixesOf(jax, 'slots-not-restored')]).toEqual([
    expect.stringContaining('in the place of what `optimizer.init` returns'),
  ]);
  const verdictsOf = (judgements: readonly Judgement[]) =>
    judgements.map(({ outcome, cause, findings }) => [outcome, cause, findings.map(({ rule }) => rule)]);
  expect(verdictsOf(torch)).toEqual(verdictsOf(jax));
});

test.each([
  ['torch', 15, 0],
  ['jax', 10, 2],
])('each rule that is explained in the words of %s exists', (library, fixes, causes) => {
  const traces = [{ run: { backend: { versions: { [library]: '1' } } } }] as unknown as Trace[];
  const said = RULES.map(({ id }) => {
    const finding = { rule: id, sentence: '', likelyCause: '', fix: '' } as Judgement['findings'][number];
    return inLanguageOf({ traces }, { headline: '', findings: [finding] }).findings[0]!;
  });
  expect(said.filter(({ fix }) => fix !== '')).toHaveLength(fixes);
  expect(said.filter(({ likelyCause }) => likelyCause !== '')).toHaveLength(causes);
});
