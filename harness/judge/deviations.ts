/**
 * What a resumed process must hold where its trainer, by declaration, does not restore everything: what was
 * saved, but for the entries that the control's own deviation changed, which must be as it left them. An entry
 * that came back as it was saved all the same was restored: that is told by a rule of its own.
 */
import { coveredBy, type EntryName } from '../trace/deviations.ts';
import type { Deviation, SampleRecord, StateRecord, TensorRecord } from '../trace/schema.ts';
import type { DeclaredDeviation } from './verdict.ts';
import { figure, shown, type Value, valuesApart } from './words.ts';

/** An entry that the control's deviation changed at a resume point. */
export interface Change extends EntryName {
  /** The declared deviation that covers it; undefined where none does. */
  readonly deviation: Deviation | undefined;
  /** In the control, before it deviated and after, in words. */
  readonly passed: string;
  readonly deviated: string;
  /** The resumed process holds what was saved. */
  readonly cameBack: boolean;
}

/** The states at one resume point that tell what deviates there. */
export interface ResumePoint {
  readonly declared: readonly Deviation[];
  readonly saved: StateRecord | undefined;
  readonly resumed: StateRecord | undefined;
  /** Of the control, before it deviated and after. */
  readonly passed: StateRecord | undefined;
  readonly deviated: StateRecord | undefined;
}

export function changesAt({ declared, saved, resumed, ...control }: ResumePoint): Change[] {
  if (control.passed === undefined || control.deviated === undefined) return [];
  const [before, after] = [entriesOf(control.passed), entriesOf(control.deviated)];
  const [kept, back] = [entriesOf(saved), entriesOf(resumed)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key): Change[] => {
    const [one, other] = [before.get(key), after.get(key)];
    if (one?.value === other?.value) return [];
    const { kind, name } = (one ?? other)!;
    const [passed, deviated] = valuesApart(one?.counter, other?.counter);
    return [
      {
        kind,
        name,
        deviation: coveredBy(declared, { kind, name }),
        passed: kind === 'counter' ? passed : (one?.text ?? 'none'),
        deviated: kind === 'counter' ? deviated : (other?.text ?? 'none'),
        cameBack:
          saved !== undefined && resumed !== undefined && kept.get(key)?.value === back.get(key)?.value,
      },
    ];
  });
}

/** @param exact whether the controls agree in every bit: where they do not, nor need tensors that deviate */
export function expectedState(
  { declared, saved, resumed, deviated }: ResumePoint,
  changes: readonly Change[],
  exact: boolean,
): StateRecord | undefined {
  const keys = new Set(
    changes.filter(({ deviation, cameBack }) => deviation !== undefined && !cameBack).map(keyOf),
  );
  // A control that did not come so far leaves open what should deviate, and has a finding of its own.
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
        // Numbers of storage are a process’s own; flags and groups do not deviate.
        return own === undefined
          ? value
          : { ...value, storage: own.storage, trainable: own.trainable, group: own.group };
      }),
    ],
    counters: values('counter', saved.counters, source.counters),
    random: values('random', saved.random, source.random),
  };
}

/** More entries than these help nobody. */
const ENTRIES_SHOWN = 8;

/** What the verdict says of each declared deviation, by what the control shows of it. */
export const declaredDeviations = (
  declared: readonly Deviation[],
  resumes: readonly { readonly index: number; readonly changes: readonly Change[] }[],
): DeclaredDeviation[] =>
  declared.map((kind) => {
    const entries = resumes.flatMap(({ index, changes }) =>
      changes
        .filter(({ deviation }) => deviation === kind)
        .map(({ name, passed, deviated }) => ({ name, resume: index, saved: passed, resumed: deviated })),
    );
    return { kind, entries: entries.slice(0, ENTRIES_SHOWN), entryCount: entries.length };
  });

/** The images that must be sampled right after the resume. */
export function expectedImages(
  declared: readonly Deviation[],
  images: Record<'saved' | 'resumed' | 'passed' | 'deviated', readonly SampleRecord[]>,
  changes: readonly Change[],
  exact: boolean,
): readonly SampleRecord[] {
  // What is sampled follows what was restored, and of that a rule tells.
  if (changes.some(({ cameBack }) => cameBack)) return images.saved;
  if (declared.length > 0 && images.deviated.length === 0) return images.resumed;
  const byName = (samples: readonly SampleRecord[]) =>
    new Map(samples.map((sample) => [sample.name, sample]));
  const [passed, deviated, resumed] = [images.passed, images.deviated, images.resumed].map(byName) as [
    Map<string, SampleRecord>,
    Map<string, SampleRecord>,
    Map<string, SampleRecord>,
  ];
  return images.saved.map((saved) => {
    const there = deviated.get(saved.name);
    if (there === undefined || passed.get(saved.name)?.sha256 === there.sha256) return saved;
    return exact ? there : (resumed.get(saved.name) ?? there);
  });
}

/**
 * Where equal runs differ, rounding or averaging what differs gives other bytes in each, by any distance that a
 * rounding makes of the smallest: the form is compared here, the values in every step after it. Zero is zero.
 */
function withNoise(expected: TensorRecord, seen: TensorRecord | undefined): TensorRecord {
  const alike =
    seen !== undefined &&
    expected.l2 !== 0 &&
    seen.dtype === expected.dtype &&
    String(seen.shape) === String(expected.shape) &&
    (seen.bits ?? 0) <= (expected.bits ?? Number.POSITIVE_INFINITY);
  return alike ? seen : expected;
}

interface Entry extends EntryName {
  /** Equal for equal entries. */
  readonly value: string;
  readonly text: string;
  readonly counter?: Value;
}

const keyOf = ({ kind, name }: EntryName): string => `${kind} ${name}`;

function entriesOf(state: StateRecord | undefined): ReadonlyMap<string, Entry> {
  if (state === undefined) return new Map();
  const entries: Entry[] = [
    ...state.tensors.map(({ kind, name, sha256, dtype, shape, l2 }) => ({
      kind,
      name,
      value: `${dtype} ${shape} ${sha256}`,
      text: `L2 norm ${figure(l2)}, bytes ${sha256.slice(0, 8)}…`,
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
