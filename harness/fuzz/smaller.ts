/** What can be left out of a history, or moved earlier in it. */
import { ascending, endOf, type History, type HistoryProcess, settingNames } from '../trace/history.ts';
import type { SettingsChange } from '../trace/schema.ts';
import { named } from './named.ts';
import { isIn, nextKill, type Space } from './space.ts';

/**
 * Every history that has one thing less than this one: a process, a save, a kill, a backend, a change, a step; or one
 * thing earlier. The largest cuts come first. A history of which each of these passes is locally minimal.
 * @returns histories that a process can be run by, each smaller by {@link sizeOf}
 */
export function* smaller(history: History, space: Saves): Generator<History> {
  const seen = new Set([JSON.stringify(history)]);
  for (const cut of CUTS)
    for (const made of cut(history, space)) {
      const one = named(withoutIdleChanges(made));
      const key = JSON.stringify(one);
      if (seen.has(key) || !isIn(space, one)) continue;
      seen.add(key);
      yield one;
    }
}

/**
 * How large a history is: processes, changed settings, kills and backends, saves, then steps. Compare it member by
 * member; {@link isSmaller} does.
 */
export function sizeOf({ steps, processes, changes = [] }: History): number[] {
  const sum = (of: (process: HistoryProcess) => number): number =>
    processes.reduce((total, process) => total + of(process), 0);
  const settings = changes.flatMap(({ at: _, ...own }) => Object.values(own) as number[]);
  return [
    processes.length,
    settings.length,
    sum(
      ({ killed, inSave, backend }) =>
        Number(killed === true) + Number(inSave !== undefined) + Number(backend !== undefined),
    ),
    sum(({ saves }) => saves.length),
    steps +
      changes.reduce((total, { at }) => total + at, 0) +
      settings.reduce((total, value) => total + value, 0) +
      sum(
        ({ from, until, saves, inSave = 0 }) =>
          (from?.step ?? 0) + until + inSave + saves.reduce((a, b) => a + b, 0),
      ),
  ];
}

export function isSmaller(one: History, other: History): boolean {
  const [mine, theirs] = [sizeOf(one), sizeOf(other)];
  const at = mine.findIndex((size, index) => size !== theirs[index]);
  return at >= 0 && mine[at]! < theirs[at]!;
}

type Saves = Pick<Space, 'scenario' | 'savable' | 'killable'>;
type Cut = (history: History, space: Saves) => Iterable<History>;

const upTo = (end: number): number[] => Array.from({ length: Math.max(0, end) }, (_, at) => at);

const replaced = (history: History, process: HistoryProcess, by: Partial<HistoryProcess>): History => ({
  ...history,
  processes: history.processes.map((one) => (one === process ? { ...one, ...by } : one)),
});

const resumedFrom = ({ processes }: History, { id }: HistoryProcess, step: number): boolean =>
  processes.some(({ from }) => from?.process === id && from.step === step);

const lengthened = (history: History, steps: number): History => {
  const changes = history.changes ?? [];
  const last = changes.findLast((change) => change.steps !== undefined);
  return last === undefined
    ? { ...history, steps }
    : { ...history, changes: changes.map((change) => (change === last ? { ...change, steps } : change)) };
};

const CUTS: readonly Cut[] = [
  /** A process, and all that descend from it. */
  function* (history) {
    for (const { id } of history.processes.slice(1)) {
      const gone = new Set([id]);
      for (const { id: other, from } of history.processes)
        if (from !== null && gone.has(from.process)) gone.add(other);
      const processes = history.processes.filter((one) => !gone.has(one.id));
      yield* untilTheEnd({ ...history, processes });
    }
  },
  /** A resume: the process that it resumes from goes on instead. */
  function* (history) {
    for (const process of history.processes.slice(1)) {
      const source = history.processes.find(({ id }) => id === process.from!.process)!;
      const { killed: _, inSave: __, ...rest } = source;
      const { killed, inSave } = process;
      const joined: HistoryProcess = {
        ...rest,
        until: Math.max(source.until, process.until),
        saves: ascending([...source.saves, ...process.saves]),
        ...(killed === undefined ? {} : { killed }),
        ...(inSave === undefined ? {} : { inSave }),
      };
      const processes = history.processes
        .filter((one) => one !== process)
        .map((one) => (one === source ? joined : one))
        .map((one) =>
          one.from?.process === process.id ? { ...one, from: { ...one.from, process: source.id } } : one,
        );
      yield* untilTheEnd({ ...history, processes });
    }
  },
  /** Steps between two events, all but one, then half of them and so on: everything after them comes earlier. */
  function* (history) {
    const events = eventsOf(history);
    for (const [at, event] of events.entries()) {
      const gap = event - (events[at - 1] ?? 0);
      for (let count = gap - 1; count >= 1; count = Math.floor(count / 2))
        yield without(history, event, count);
    }
  },
  /** A change, or a setting of it. */
  function* (history) {
    const changes = history.changes ?? [];
    for (const [index, change] of changes.entries())
      for (const setting of settingNames(change)) {
        const { [setting]: _, ...rest } = change;
        const kept = settingNames(rest as SettingsChange).length > 0 ? [rest as SettingsChange] : [];
        yield* fitted({ ...history, changes: changes.toSpliced(index, 1, ...kept) });
      }
  },
  /** A kill, and what it is killed in. */
  function* (history) {
    for (const process of history.processes) {
      const { killed: _, inSave, ...rest } = process;
      if (process.killed === undefined) continue;
      yield { ...history, processes: history.processes.map((one) => (one === process ? rest : one)) };
      if (inSave === undefined) continue;
      const { inSave: __, ...plain } = process;
      yield { ...history, processes: history.processes.map((one) => (one === process ? plain : one)) };
      for (const earlier of upTo(inSave).slice(1)) yield replaced(history, process, { inSave: earlier });
    }
  },
  /** A backend. */
  function* (history) {
    for (const process of history.processes) {
      const { backend, ...rest } = process;
      if (backend !== undefined)
        yield { ...history, processes: history.processes.map((one) => (one === process ? rest : one)) };
    }
  },
  /** A save that nobody resumes from. */
  function* (history) {
    for (const process of history.processes)
      for (const step of process.saves)
        if (!resumedFrom(history, process, step))
          yield replaced(history, process, { saves: process.saves.filter((one) => one !== step) });
  },
  /** The last steps of the whole run. */
  function* (history) {
    const end = endOf(history);
    for (const steps of upTo(end).slice(2)) {
      const processes = history.processes.map((one) => (one.until === end ? { ...one, until: steps } : one));
      yield lengthened({ ...history, processes }, steps);
    }
  },
  /** The last steps of a process. */
  function* (history) {
    for (const process of history.processes)
      for (const until of upTo(process.until)) yield replaced(history, process, { until });
  },
  /** A save comes earlier, with the resumes from it and the changes that they make. */
  function* (history, space) {
    for (const process of history.processes)
      for (const step of process.saves)
        for (const earlier of upTo(step).slice(1)) {
          if (process.saves.includes(earlier)) continue;
          yield movedSave(history, process, step, earlier);
          if (process.inSave === undefined) continue;
          // The next save of a command, in which it is killed, comes earlier too.
          const until = nextKill(space, earlier);
          if (until !== undefined) yield movedSave(history, process, step, earlier, until);
        }
  },
  /** A smaller value of a setting. */
  function* (history) {
    const changes = history.changes ?? [];
    for (const [index, change] of changes.entries())
      for (const setting of settingNames(change).filter((name) => name !== 'steps'))
        for (const value of upTo(change[setting]!).slice(1))
          yield { ...history, changes: changes.with(index, { ...change, [setting]: value }) };
  },
];

/** Without the process that trained to the end, another one does, each in turn. */
function* untilTheEnd(history: History): Generator<History> {
  const end = endOf(history);
  const reaches = ({ from, until, killed }: HistoryProcess): boolean =>
    from !== null && until === end && killed === undefined;
  if (history.processes.some(reaches)) {
    yield history;
    return;
  }
  // Rather a shorter run than a longer process.
  for (const { from, until, killed } of history.processes)
    if (from !== null && killed === undefined && history.processes.every((one) => one.until <= until))
      yield lengthened(history, until);
  for (const process of history.processes) {
    const { killed: _, inSave: __, ...rest } = process;
    if (process.from !== null)
      yield {
        ...history,
        processes: history.processes.map((one) => (one === process ? { ...rest, until: end } : one)),
      };
  }
}

/** What trained to the end of a run still does when its length is another. */
function* fitted(history: History): Generator<History> {
  const end = endOf(history);
  const longest = Math.max(...history.processes.map(({ until }) => until));
  yield {
    ...history,
    processes: history.processes.map((one) => (one.until === longest ? { ...one, until: end } : one)),
  };
}

function movedSave(
  history: History,
  process: HistoryProcess,
  step: number,
  to: number,
  until = process.until,
): History {
  const { processes, changes } = history;
  const moved = processes.map((one): HistoryProcess => {
    if (one === process)
      return { ...one, until, saves: ascending(one.saves.map((save) => (save === step ? to : save))) };
    return one.from?.process === process.id && one.from.step === step
      ? { ...one, from: { ...one.from, step: to } }
      : one;
  });
  const still = moved.some(({ from }) => from?.step === step);
  return {
    ...history,
    processes: moved,
    ...(changes === undefined
      ? {}
      : {
          changes: changes.map((change) => (change.at === step && !still ? { ...change, at: to } : change)),
        }),
  };
}

/** The steps at which something happens, ascending. */
const eventsOf = (history: History): number[] =>
  ascending([
    endOf(history),
    history.steps,
    ...history.processes.flatMap(({ from, until, saves }) => [from?.step ?? 0, until, ...saves]),
  ]).filter((step) => step > 0);

/** Without some steps before an event, between which nothing happens. */
function without(history: History, event: number, count: number): History {
  const earlier = (step: number): number => (step >= event ? step - count : step);
  const { steps, processes, changes } = history;
  return {
    steps: earlier(steps),
    processes: processes.map((one) => ({
      ...one,
      from: one.from && { ...one.from, step: earlier(one.from.step) },
      until: earlier(one.until),
      saves: one.saves.map(earlier),
    })),
    ...(changes === undefined
      ? {}
      : {
          changes: changes.map((change) => ({
            ...change,
            at: earlier(change.at),
            ...(change.steps === undefined ? {} : { steps: earlier(change.steps) }),
          })),
        }),
  };
}

/** A change that no process resumes into any more. */
function withoutIdleChanges(history: History): History {
  const { changes, ...rest } = history;
  const kept = (changes ?? []).filter(({ at }) => history.processes.some(({ from }) => from?.step === at));
  return kept.length === 0 ? rest : { ...rest, changes: kept };
}
