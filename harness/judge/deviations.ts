/**
 * The state that a resumed process must hold if its scenario declares deviations. Entries that the control's deviation
 * changed must be as the control left them; all others must be as saved. If an entry is restored although the control's
 * deviation changed it, a separate rule reports it.
 */
import { coveredBy, type EntryName, keyOf } from '../trace/deviations.ts';
import type { Deviation, SampleRecord, StateRecord, TensorRecord } from '../trace/schema.ts';
import type { DeclaredDeviation } from './verdict.ts';
import { figure, shown, type Value, valuesApart } from './words.ts';

/** An entry of the state that the control's deviation changed at a resume point. */
export interface Change extends EntryName {
  /** The declared deviation that covers the entry, `change` for a counter that a change of settings changes, if any. */
  readonly deviation: Deviation | 'change' | undefined;
  /** Its value in the control before and after the deviation, as text. */
  readonly passed: string;
  readonly deviated: string;
  /** Whether the resumed process holds the saved value. */
  readonly cameBack: boolean;
}

/** The states at one resume point, which show what deviates there. */
export interface ResumePoint {
  readonly declared: readonly Deviation[];
  readonly saved: StateRecord | undefined;
  readonly resumed: StateRecord | undefined;
  /** The control's state before and after its deviation. */
  readonly passed: StateRecord | undefined;
  readonly deviated: StateRecord | undefined;
  /** The control's state after a change of settings, if it makes one. */
  readonly changed: StateRecord | undefined;
}

/** What the control's deviation changed, and then its change of settings. */
export function changesAt(point: ResumePoint): Change[] {
  const { declared, passed, deviated, changed } = point;
  const deviations = changesBetween(point, passed, deviated, (entry) => coveredBy(declared, entry));
  // Settings are told by counters. A change of anything else would hide what a resume loses.
  const changes = changesBetween(point, deviated ?? passed, changed, ({ kind }) =>
    kind === 'counter' ? 'change' : undefined,
  );
  const last = new Set(changes.map(keyOf));
  return [...deviations.filter((entry) => !last.has(keyOf(entry))), ...changes];
}

function changesBetween(
  { saved, resumed }: ResumePoint,
  one: StateRecord | undefined,
  other: StateRecord | undefined,
  coveredBy: (entry: EntryName) => Change['deviation'],
): Change[] {
  if (one === undefined || other === undefined) return [];
  const [before, after] = [entriesOf(one), entriesOf(other)];
  const [kept, back] = [entriesOf(saved), entriesOf(resumed)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key): Change[] => {
    const [was, is] = [before.get(key), after.get(key)];
    if (was?.value === is?.value) return [];
    const { kind, name } = (was ?? is)!;
    const [passed, deviated] = valuesApart(was?.counter, is?.counter);
    return [
      {
        kind,
        name,
        deviation: coveredBy({ kind, name }),
        passed: kind === 'counter' ? passed : (was?.text ?? 'none'),
        deviated: kind === 'counter' ? deviated : (is?.text ?? 'none'),
        cameBack:
          saved !== undefined &&
          resumed !== undefined &&
          kept.get(key)?.value === back.get(key)?.value &&
          back.get(key)?.value !== is?.value,
      },
    ];
  });
}

/** @param exact whether the controls agree in every bit; if not, tensors that deviate need not agree either */
export function expectedState(
  { declared, saved, resumed, deviated: alone, changed }: ResumePoint,
  changes: readonly Change[],
  exact: boolean,
): StateRecord | undefined {
  const keys = new Set(
    changes.filter(({ deviation, cameBack }) => deviation !== undefined && !cameBack).map(keyOf),
  );
  const deviated = changed ?? alone;
  // If the control did not get this far, what should deviate is unknown. Another rule reports that.
  const has = (entry: EntryName): boolean =>
    deviated === undefined ? coveredBy(declared, entry) !== undefined : keys.has(keyOf(entry));
  const source = deviated ?? resumed;
  if (saved === undefined || source === undefined) return saved;
  const values = <T>(kind: 'counter' | 'random', own: Record<string, T>, theirs: Record<string, T>) =>
    Object.fromEntries([
      ...Object.entries(own).filter(([name]) => !has({ kind, name })),
      ...Object.entries(theirs).filter(([name]) => has({ kind, name })),
    ]);
  const held = new Map(saved.tensors.map((tensor) => [keyOf(tensor), tensor]));
  const back = new Map(resumed?.tensors.map((tensor) => [keyOf(tensor), tensor]));
  return {
    ...saved,
    tensors: [
      ...saved.tensors.filter((tensor) => !has(tensor)),
      ...source.tensors.filter(has).map((tensor) => {
        const own = held.get(keyOf(tensor));
        const value = exact ? tensor : withNoise(tensor, back.get(keyOf(tensor)));
        // Storage numbers belong to one process; flags and groups do not deviate.
        return own === undefined
          ? value
          : { ...value, storage: own.storage, trainable: own.trainable, group: own.group };
      }),
    ],
    counters: values('counter', saved.counters, source.counters),
    random: values('random', saved.random, source.random),
  };
}

/** The maximum number of entries that a verdict lists. */
const ENTRIES_SHOWN = 8;

/** The declared deviations as the verdict reports them, with the entries that the control changed. */
export const declaredDeviations = (
  declared: readonly Deviation[],
  resumes: readonly { readonly index: number; readonly changes: readonly Change[] }[],
): DeclaredDeviation[] =>
  declared.map((kind) => {
    const all = resumes.flatMap(({ index, changes }) =>
      changes
        .filter(({ deviation }) => deviation === kind)
        .map(({ name, passed, deviated }) => ({ name, resume: index, saved: passed, resumed: deviated })),
    );
    // Ranks deviate alike in what is replicated.
    const entries = [...new Map(all.map((entry) => [JSON.stringify(entry), entry])).values()];
    return { kind, entries: entries.slice(0, ENTRIES_SHOWN), entryCount: entries.length };
  });

/** The samples that must be drawn right after the resume. */
export function expectedSamples(
  deviates: boolean,
  samples: Record<'saved' | 'resumed' | 'passed' | 'deviated', readonly SampleRecord[]>,
  changes: readonly Change[],
  exact: boolean,
): readonly SampleRecord[] {
  // Samples depend on what was restored, and a rule reports that.
  if (changes.some(({ cameBack }) => cameBack)) return samples.saved;
  if (deviates && samples.deviated.length === 0) return samples.resumed;
  const byName = (some: readonly SampleRecord[]) => new Map(some.map((sample) => [sample.name, sample]));
  const [passed, deviated, resumed] = [samples.passed, samples.deviated, samples.resumed].map(byName) as [
    Map<string, SampleRecord>,
    Map<string, SampleRecord>,
    Map<string, SampleRecord>,
  ];
  return samples.saved.map((saved) => {
    const there = deviated.get(saved.name);
    if (there === undefined || passed.get(saved.name)?.digest === there.digest) return saved;
    return exact ? there : (resumed.get(saved.name) ?? there);
  });
}

/**
 * If equal runs differ, rounding or averaging their values gives different bytes in each, and rounding can enlarge the
 * smallest difference. So only type, shape and precision are compared here; the values are compared in every later step.
 * A tensor of zeros must be zero.
 */
function withNoise(expected: TensorRecord, seen: TensorRecord | undefined): TensorRecord {
  const sameForm =
    seen !== undefined &&
    expected.l2 !== 0 &&
    seen.dtype === expected.dtype &&
    String(seen.shape) === String(expected.shape) &&
    (seen.bits ?? 0) <= (expected.bits ?? Number.POSITIVE_INFINITY);
  return sameForm ? seen : expected;
}

interface Entry extends EntryName {
  /** Equal for equal entries. */
  readonly value: string;
  readonly text: string;
  readonly counter?: Value;
}

function entriesOf(state: StateRecord | undefined): ReadonlyMap<string, Entry> {
  if (state === undefined) return new Map();
  const entries: Entry[] = [
    ...state.tensors.map(({ kind, name, digest, dtype, shape, l2 }) => ({
      kind,
      name,
      value: `${dtype} ${shape} ${digest}`,
      text: `L2 norm ${figure(l2)}, bytes ${digest.slice(0, 8)}…`,
    })),
    ...Object.entries(state.counters).map(([name, value]) => ({
      kind: 'counter' as const,
      name,
      value: `${typeof value} ${value}`,
      text: shown(value),
      counter: value,
    })),
    ...Object.entries(state.random).map(([name, digest]) => ({
      kind: 'random' as const,
      name,
      value: digest,
      text: `state ${digest.slice(0, 8)}…`,
    })),
  ];
  return new Map(entries.map((entry) => [keyOf(entry), entry]));
}
