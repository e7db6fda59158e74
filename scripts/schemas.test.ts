import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collectEvidence } from '../harness/judge/collect.ts';
import { judge } from '../harness/judge/judge.ts';
import { matrixJsonSchema } from '../harness/report/matrix.ts';
import { verdictJsonSchema } from '../harness/report/write.ts';
import { readTrace } from '../harness/trace/read.ts';
import { recordSchema, type Trace, traceJsonSchema } from '../harness/trace/schema.ts';

const docs = path.join(path.dirname(import.meta.dirname), 'docs');

test.each([
  ['trace.schema.json', traceJsonSchema()],
  ['verdict.schema.json', verdictJsonSchema()],
  ['matrix.schema.json', matrixJsonSchema()],
])('docs/%s is what the code exports', async (name, schema) => {
  const published: unknown = JSON.parse(await readFile(path.join(docs, name), 'utf8').catch(() => 'null'));
  expect(published, `docs/${name} is out of date; run: node scripts/start.mjs scripts/schemas.ts`).toEqual(
    schema,
  );
});

describe('docs/trace.md', async () => {
  const text = await readFile(path.join(docs, 'trace.md'), 'utf8');
  const examples = [...text.matchAll(/^```jsonl\n([\s\S]*?)^```$/gm)].map(([, lines]) => lines!);
  const whole = examples.filter((lines) => lines.startsWith('{"kind":"run"'));
  let folder: string;
  let traces: Trace[];
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'docs-trace-'));
    traces = await Promise.all(whole.map((lines, at) => read(`${at}.jsonl`, lines)));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function read(name: string, lines: string): Promise<Trace> {
    const file = path.join(folder, name);
    await writeFile(file, lines);
    return readTrace(file);
  }

  const outcomeOf = (some: readonly Trace[]) => {
    const subject = { scenario: 'line', about: '', expect: 'proven', replay: '' } as const;
    return judge(subject, collectEvidence({ steps: 2, resumeAt: [1] }, 'torch-cpu', some));
  };

  test('every line of its examples is a record, and together they show every kind', () => {
    const records = examples.flatMap((lines) => lines.trim().split('\n'));
    const kinds = records.map((line) => {
      const parsed = recordSchema.safeParse(JSON.parse(line));
      expect(parsed.error, line).toBeUndefined();
      const record = parsed.data!;
      return record.kind === 'sample' ? `${record.kind} ${record.type}` : record.kind;
    });
    const known = recordSchema.options.flatMap((option): string[] =>
      'options' in option
        ? option.options.map(({ shape }) => `${shape.kind.value} ${shape.type.value}`)
        : [option.shape.kind.value],
    );
    expect(new Set(kinds)).toEqual(new Set(known));
  });

  test('its traces have no defect, and the judge proves them', () => {
    expect(traces.map(({ run, defect }) => [run?.role, defect])).toEqual([
      ['control', undefined],
      ['before', undefined],
      ['after', undefined],
    ]);
    const { outcome, findings } = outcomeOf(traces);
    expect(findings).toEqual([]);
    expect(outcome).toBe('proven');
  });

  test('nothing is proven if any line that the judge needs is missing', async () => {
    for (const [at, lines] of whole.entries()) {
      const records = lines.trim().split('\n');
      for (const left of records) {
        const cut = await read('cut.jsonl', records.filter((line) => line !== left).join('\n'));
        const { outcome } = outcomeOf(traces.with(at, cut));
        expect(outcome, `without ${left.slice(0, 60)}`).not.toBe('proven');
      }
    }
  });

  test('it mentions every field of every record', () => {
    const fields = new Set<string>();
    JSON.stringify(traceJsonSchema(), (key, value) => {
      if (key === 'properties') for (const field of Object.keys(value)) fields.add(field);
      return value;
    });
    expect(fields.size).toBeGreaterThan(60);
    const prose = text.replace(/^```[\s\S]*?^```$/gm, '');
    const missing = [...fields].filter((field) => !new RegExp(`[\`.]${field}[\`.]`).test(prose));
    expect(missing, 'fields that docs/trace.md does not mention').toEqual([]);
  });
});
