/** Damages one thing in the traces of a run: what a property draws to show that nothing is proven from what is left. */
import fc from 'fast-check';
import { assemble } from '../../trace/assemble.ts';
import { ColumnPool } from '../../trace/columns.ts';
import { recordSchema, type Trace, type TraceRecord } from '../../trace/schema.ts';

/** A line of a trace, parsed as JSON and not checked. */
export type Line = Record<string, unknown>;

export interface Process {
  readonly file: string;
  readonly lines: readonly Line[];
}

export interface Damage {
  /** Which process, record and field, and what was done to it: `control step.l2.0 negated`. */
  readonly what: string;
  readonly processes: readonly Process[];
}

/** Puts lines together as the reader does. */
export function traceOf({ file, lines }: Process): Trace {
  const { take, finish } = assemble(file, new ColumnPool());
  let defect: string | undefined;
  for (const line of lines) {
    const parsed = recordSchema.safeParse(line);
    defect ??= parsed.success ? take(parsed.data) : 'is not a trace record';
    if (defect !== undefined) break;
  }
  return finish(defect);
}

/** The records of a trace in an order in which they can have been written. */
export function linesOf(trace: Trace): Line[] {
  const [first] = trace.steps;
  const begins = trace.resumed?.step ?? 0;
  const shown = (step: number): TraceRecord[] => [
    ...trace.samples.filter((sample) => sample.step === step),
    ...trace.states.filter((state) => state.step === step),
    ...trace.saved.filter((saved) => saved.step === step),
  ];
  const records: TraceRecord[] = [
    trace.run!,
    ...(trace.resumed === undefined ? [] : [trace.resumed]),
    ...(first === undefined
      ? []
      : [{ kind: 'parameters' as const, names: [...first.names], groups: [...first.groups] }]),
    ...shown(begins),
    ...trace.steps.flatMap(({ names: _, groups: __, ...step }): TraceRecord[] => [step, ...shown(step.step)]),
    ...(trace.end === undefined ? [] : [trace.end]),
    ...(trace.process === undefined ? [] : [trace.process]),
  ];
  return records.map((record) => JSON.parse(JSON.stringify(record)) as Line);
}

type Path = readonly (string | number)[];

function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inside = Object.entries(value).flatMap(([key, own]) =>
    pathsIn(own, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return path.length === 0 ? inside : [path, ...inside];
}

/** What can be done to a value, by name; each gives another one. */
function changesOf(value: unknown): readonly (readonly [string, unknown])[] {
  if (typeof value === 'number')
    return [
      ['negated', value === 0 ? -1 : -value],
      ['doubled', value === 0 ? 1 : value * 2],
      ['increased', value + 1],
      ['made NaN', 'NaN'],
      ['made null', null],
    ];
  if (typeof value === 'boolean') return [['negated', !value]];
  if (typeof value === 'string')
    return [
      /^[0-9a-f]{64}$/.test(value) ? ['made another', 'f'.repeat(64)] : ['made longer', `${value}x`],
      ['emptied', ''],
    ];
  if (value === null) return [['made a number', 1]];
  if (Array.isArray(value))
    return [
      ['shortened', value.slice(0, -1)],
      ['emptied', []],
      ['reversed', [...value].reverse()],
      ['lengthened', [...value, value.at(-1) ?? 'x']],
    ];
  const entries = Object.entries(value as object);
  return [
    ['shortened', Object.fromEntries(entries.slice(0, -1))],
    ['emptied', {}],
    ['extended', { ...(value as object), more: entries[0]?.[1] ?? 1 }],
  ];
}

function placed(value: unknown, [key, ...rest]: Path, put: (old: unknown) => unknown): unknown {
  if (key === undefined) return put(value);
  if (Array.isArray(value)) return value.map((own, at) => (at === key ? placed(own, rest, put) : own));
  const own = { ...(value as Line) };
  const next = placed(own[key], rest, put);
  if (next === undefined) delete own[key];
  else own[key] = next;
  return own;
}

function nameOf({ lines }: Process): string {
  const { id, rank = 0 } = lines[0] as { id: string; rank?: number };
  return rank === 0 ? id : `${id} of rank ${rank}`;
}

/** Draws one damage; `processes` are those of a healthy run. */
export function damagesOf(processes: readonly Process[]): fc.Arbitrary<Damage> {
  const replaced = (at: number, lines: readonly Line[]): Process[] =>
    processes.map((process, index) => (index === at ? { ...process, lines } : process));
  const place = fc
    .nat({ max: processes.length - 1 })
    .chain((at) => fc.nat({ max: processes[at]!.lines.length - 1 }).map((line) => ({ at, line })));
  const inRecord = place.chain(({ at, line }): fc.Arbitrary<Damage> => {
    const process = processes[at]!;
    const record = process.lines[line]!;
    const name = `${nameOf(process)} ${record.kind}${'at' in record ? ` '${record.at}'` : ''}`;
    const change = (path: Path, how: string, put: (old: unknown) => unknown): Damage => ({
      what: `${name}.${path.join('.')} ${how}`,
      processes: replaced(
        at,
        process.lines.map((one, index) => (index === line ? (placed(one, path, put) as Line) : one)),
      ),
    });
    return fc.constantFrom(...pathsIn(record)).chain((path) => {
      const old = path.reduce<unknown>((value, key) => (value as Line)[key], record);
      const changes = changesOf(old).filter(([, made]) => JSON.stringify(made) !== JSON.stringify(old));
      return fc.constantFrom(
        ...changes.map(([how, made]) => change(path, how, () => made)),
        ...(typeof path.at(-1) === 'string' ? [change(path, 'removed', () => undefined)] : []),
      );
    });
  });
  const ofRecords = fc
    .tuple(place, fc.nat(), fc.constantFrom('removed', 'repeated', 'moved'))
    .map(([{ at, line }, to, how]): Damage => {
      const process = processes[at]!;
      const record = process.lines[line]!;
      const rest = process.lines.filter((_, index) => index !== line);
      const target = to % (rest.length + 1);
      const lines = {
        removed: rest,
        repeated: process.lines.toSpliced(target, 0, record),
        moved: rest.toSpliced(target, 0, record),
      }[how]!;
      const same = lines.every((one, index) => one === process.lines[index]);
      return {
        what: `${nameOf(process)} ${record.kind}${'at' in record ? ` '${record.at}'` : ''} ${how}${same ? ' to where it was' : ''}`,
        processes: replaced(at, lines),
      };
    });
  const ofProcesses = fc
    .tuple(fc.nat({ max: processes.length - 1 }), fc.constantFrom('removed', 'repeated', 'emptied'))
    .map(([at, how]): Damage => {
      const process = processes[at]!;
      const others = {
        removed: processes.filter((_, index) => index !== at),
        repeated: [...processes, { ...process, file: process.file.replace('trace', 'second') }],
        emptied: replaced(at, []),
      }[how]!;
      return { what: `${nameOf(process)} ${how}`, processes: others };
    });
  const damages = fc.oneof(
    { weight: 16, arbitrary: inRecord },
    { weight: 6, arbitrary: ofRecords },
    { weight: 1, arbitrary: ofProcesses },
  );
  // The traces are too long to print.
  return damages.map((damage) => ({ ...damage, [fc.toStringMethod]: () => damage.what }));
}
