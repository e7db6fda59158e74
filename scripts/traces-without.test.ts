/** Whatever optional field the traces leave out, the judge says the same of them, or that it could not see enough. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { collectEvidence } from '../harness/judge/collect.ts';
import { type Judgement, judge } from '../harness/judge/judge.ts';
import { type Line, type Process, traceOf } from '../harness/judge/testing/damages.ts';
import { historyIn } from '../harness/trace/history.ts';
import { traceJsonSchema } from '../harness/trace/schema.ts';

const folder = path.join(path.dirname(import.meta.dirname), 'fixtures', 'traces', 'good');

interface Schema {
  readonly const?: string;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
}

/** The optional fields of a record, such as `state.tensors.bits`. */
function optionalIn(schema: Schema, at: readonly string[] = []): string[] {
  const { oneOf = [], anyOf = [], properties = {}, required = [], items } = schema;
  const kind = properties.kind?.const;
  const here = at.length === 0 && kind !== undefined ? [kind] : at;
  return [
    ...[...oneOf, ...anyOf].flatMap((one) => optionalIn(one, at)),
    ...(items === undefined ? [] : optionalIn(items, at)),
    ...Object.entries(properties).flatMap(([name, own]) => [
      ...(required.includes(name) ? [] : [[...here, name].join('.')]),
      ...optionalIn(own, [...here, name]),
    ]),
  ];
}

/** What a trainer declares is no observation: without it, the traces tell of another trainer. */
const DECLARED = ['run.deviates', 'run.countsResumes', 'run.rank', 'run.worldSize'];
const OPTIONAL = [...new Set(optionalIn(traceJsonSchema()))].filter(
  (field) => !DECLARED.includes(field) && !field.startsWith('run.changes'),
);

function without(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((one) => without(one, [name!, ...rest]));
  const { [name!]: own, ...others } = value as Line;
  // Null says the same as nothing.
  if (own === undefined || own === null) return value;
  return rest.length === 0 ? others : { ...others, [name!]: without(own, rest) };
}

const stripped = ({ file, lines }: Process, field: string): Process => {
  const [kind, ...names] = field.split('.');
  return { file, lines: lines.map((line) => (line.kind === kind ? (without(line, names) as Line) : line)) };
};

function verdictOn(processes: readonly Process[]): Judgement {
  const traces = processes.map(traceOf);
  const subject = { scenario: 'line', about: '', expect: 'proven', replay: '' } as const;
  return judge(subject, collectEvidence(historyIn(traces), 'auto', traces));
}

const cases = globSync('*/expected.json', { cwd: folder }).map((file) => path.dirname(file));
const processesOf = (name: string): Process[] =>
  globSync(`${name}/*.jsonl`, { cwd: folder }).map((file) => ({
    file,
    lines: readFileSync(path.join(folder, file), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line),
  }));

/** Only processes that this package starts record these. */
const UNUSED = ['end.kernels', 'end.rewritten', 'process.left'];

test('the good cases have every optional field', () => {
  const lacking = OPTIONAL.filter((field) =>
    cases.every((name) => processesOf(name).every((one) => isDeepStrictEqual(stripped(one, field), one))),
  );
  expect(lacking).toEqual(UNUSED);
});

test.each(cases)(
  '%s',
  (name) => {
    const whole = processesOf(name);
    const { outcome } = verdictOn(whole);
    for (const field of OPTIONAL) {
      const bare = whole.map((process) => stripped(process, field));
      if (isDeepStrictEqual(bare, whole)) continue;
      const seen = verdictOn(bare);
      if (seen.outcome !== outcome) {
        expect(seen.outcome, field).toBe('inconclusive');
        expect(seen.headline, field).toContain(field.split('.').at(-1));
      }
      for (const [at, process] of whole.entries()) {
        // Each verdict on noise takes a second, and the controls are compared with this one.
        if (!/after-1\.jsonl$/.test(process.file) || isDeepStrictEqual(bare[at], process)) continue;
        // What one process leaves out that others tell is a difference between recorders, not between runs.
        const one = verdictOn(whole.with(at, bare[at]!));
        const may = outcome === 'proven' ? ['inconclusive'] : [outcome, 'inconclusive'];
        expect(may, `${field} of ${process.file}: ${one.headline}`).toContain(one.outcome);
      }
    }
  },
  60_000,
);
