/** Random histories: where a run saves, how its processes end, and what they resume from and with. */
import fc from 'fast-check';
import { ascending, type History, type HistoryProcess, lengthOf } from '../trace/history.ts';
import type { Setting, SettingsChange } from '../trace/schema.ts';
import { named } from './named.ts';
import { smaller } from './smaller.ts';
import { isChainsOnly, nextKill, type Space } from './space.ts';

/** A place among those that are possible: a share of them, and whether only edges count. */
interface Place {
  readonly edge: boolean;
  readonly share: number;
}

/** What is drawn for a resume, and for the end of the process that it resumes from. */
interface Drawn {
  readonly from: 'latest' | 'earlier';
  readonly place: Place;
  /** Whether the source saves before its first step. */
  readonly idle: boolean;
  /** Saves that nobody resumes from. */
  readonly saves: readonly Place[];
  /** How many steps a process trains after its last save. */
  readonly goesOn: number;
  readonly end: 'ends' | 'killed' | 'killed in a save';
  readonly inSave: number;
  readonly backend: number | undefined;
  readonly change: { readonly setting: number; readonly value: number } | undefined;
}

const share = fc.nat(2 ** 20 - 1).map((part) => part / 2 ** 20);
const place: fc.Arbitrary<Place> = fc.record({ edge: fc.boolean(), share });

/** A number in which small ones are as likely as large ones. */
const few = (most: number): fc.Arbitrary<number> =>
  fc.oneof(fc.integer({ min: 1, max: Math.min(4, most) }), fc.integer({ min: 1, max: most }));

const now = <T>(arbitrary: fc.Arbitrary<T>, outOf: number): fc.Arbitrary<T | undefined> =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: outOf - 1 }, { arbitrary, weight: 1 });

const drawn = ({ steps, backends, changes }: Space): fc.Arbitrary<Drawn> =>
  fc.record({
    from: fc.constantFrom<Drawn['from']>('latest', 'latest', 'latest', 'earlier'),
    place,
    idle: fc.constantFrom(...Array.from({ length: 11 }, () => false), true),
    saves: fc.oneof(fc.constant([]), fc.array(place, { maxLength: 2 })),
    goesOn: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: few(steps), weight: 1 }),
    end: fc.constantFrom<Drawn['end']>('ends', 'ends', 'ends', 'killed', 'killed in a save'),
    inSave: fc.oneof(few(8), few(64)),
    backend: backends.length === 0 ? fc.constant(undefined) : now(fc.nat(backends.length - 1), 3),
    change:
      changes.length === 0
        ? fc.constant(undefined)
        : now(fc.record({ setting: fc.nat(changes.length - 1), value: few(Math.max(8, steps)) }), 3),
  });

/** A process in the making. */
interface Made extends Pick<Drawn, 'goesOn' | 'end' | 'inSave' | 'backend'> {
  readonly from: { readonly process: number; readonly step: number } | null;
  readonly saves: Set<number>;
}

/**
 * Draws histories that can be run. Shrinking leaves out and moves what it can: see {@link smaller}.
 * @throws {RangeError} when the space leaves no room for a save, a resume and a step
 */
export function histories(space: Space): fc.Arbitrary<History> {
  const { steps, savable, maxResumes } = space;
  if (steps < 2 || maxResumes < 1 || !savable.some((step) => step < steps))
    throw new RangeError(
      `expected at least 2 steps, 1 resume and a save before the last step, received ${steps}, ${maxResumes} and saves after ${savable.join(', ') || 'no step'}`,
    );
  return new Histories(
    fc
      .array(drawn(space), { minLength: 1, maxLength: maxResumes, size: 'max' })
      .map((all) => made(all, space)),
    space,
  );
}

class Histories extends fc.Arbitrary<History> {
  readonly #drawn: fc.Arbitrary<History>;
  readonly #space: Space;
  constructor(drawn: fc.Arbitrary<History>, space: Space) {
    super();
    this.#drawn = drawn;
    this.#space = space;
  }
  override generate(random: fc.Random, bias: number | undefined): fc.Value<History> {
    return new fc.Value(this.#drawn.generate(random, bias).value, undefined);
  }
  override canShrinkWithoutContext(value: unknown): value is History {
    return typeof value === 'object' && value !== null && 'processes' in value;
  }
  override shrink(history: History): fc.Stream<fc.Value<History>> {
    const space = this.#space;
    return new fc.Stream(
      (function* () {
        for (const one of smaller(history, space)) yield new fc.Value(one, undefined);
      })(),
    );
  }
}

function made(all: readonly Drawn[], space: Space): History {
  const { goesOn, end, inSave } = all[0]!;
  const processes: Made[] = [{ from: null, saves: new Set(), goesOn, end, inSave, backend: undefined }];
  const changed: { readonly process: number; readonly change: NonNullable<Drawn['change']> }[] = [];
  for (const [at, own] of all.entries()) {
    const from = sourceOf(own, processes, space);
    // The last save leaves no room for another.
    if (from === undefined) break;
    if (own.change !== undefined) changed.push({ process: processes.length, change: own.change });
    // How the last process ends has not been drawn: it trains to the end.
    const { goesOn, end, inSave } = all[at + 1] ?? { goesOn: 0, end: 'ends' as const, inSave: 1 };
    processes.push({ from, saves: new Set(), goesOn, end, inSave, backend: own.backend });
  }
  const changes = isChainsOnly(space) ? [] : changesOf(changed[0], processes, space);
  const length = lengthOf(space.steps, changes);
  return named({
    steps: space.steps,
    processes: processes.map((process, index) => complete(process, index, processes, changes, length, space)),
    ...(changes.length === 0 ? {} : { changes }),
  });
}

/** What a process resumes from. The save of its source is made for that, or was there. */
function sourceOf(
  { from, place, idle, saves }: Drawn,
  processes: readonly Made[],
  space: Space,
): Made['from'] | undefined {
  const { savable, edges, steps } = space;
  const [chains, command] = [isChainsOnly(space), space.scenario.command !== undefined];
  const there = processes.flatMap((process, at) => [...process.saves].map((step) => ({ process: at, step })));
  if (from === 'earlier' && !chains && there.length > 0) return pick(there, place.share);
  const process = processes.length - 1;
  const source = processes[process]!;
  const begins = beginsOf(source, processes, space);
  const after = (step: number): boolean =>
    step < steps && (step > begins || (idle && !chains && !command && step === begins && begins > 0));
  const find = ({ edge, share }: Place): number | undefined => {
    const possible = savable.filter(after);
    const near = possible.filter((step) => edges.includes(step));
    return pick(edge && near.length > 0 ? near : possible, share);
  };
  const step = find(place);
  if (step === undefined) return undefined;
  source.saves.add(step);
  if (!chains) for (const more of saves) source.saves.add(find(more)!);
  return { process, step };
}

/** After which step a process of a command is killed in a save, if it is: in the first one after those that were drawn. */
function cutOf({ end, saves }: Made, space: Space): number | undefined {
  if (end !== 'killed in a save' || saves.size === 0 || isChainsOnly(space)) return undefined;
  return space.scenario.command === undefined ? undefined : nextKill(space, Math.max(...saves));
}

/** The step from which a process goes on. After a command was killed in a save, it may be that of that save. */
function beginsOf({ from }: Made, processes: readonly Made[], space: Space): number {
  if (from === null) return 0;
  const source = processes[from.process]!;
  const cut = from.step === Math.max(...source.saves) ? cutOf(source, space) : undefined;
  return cut ?? from.step;
}

const pick = <T>(all: readonly T[], share: number): T | undefined => all[Math.floor(share * all.length)];

/** The first change that was drawn, if all processes can end where it is made. */
function changesOf(
  changed: { readonly process: number; readonly change: NonNullable<Drawn['change']> } | undefined,
  processes: readonly Made[],
  { changes }: Space,
): SettingsChange[] {
  if (changed === undefined) return [];
  const at = processes[changed.process]!.from!.step;
  const crossed = processes.some(
    ({ from, saves }, index) =>
      (from?.step ?? 0) < at && (index === processes.length - 1 || [...saves].some((step) => step > at)),
  );
  if (crossed) return [];
  const setting: Setting = changes[changed.change.setting]!;
  const { value } = changed.change;
  const furthest = Math.max(...processes.map(({ from }) => from?.step ?? 0));
  return [{ at, [setting]: setting === 'steps' ? furthest + value : value }];
}

function complete(
  made: Made,
  index: number,
  all: readonly Made[],
  changes: readonly SettingsChange[],
  length: number,
  space: Space,
): HistoryProcess {
  const { backends } = space;
  const [chains, command] = [isChainsOnly(space), space.scenario.command !== undefined];
  const { from, saves, goesOn, end, inSave, backend } = made;
  const begins = beginsOf(made, all, space);
  const isLast = index === all.length - 1;
  const kept = ascending([...saves].filter((step) => step < length));
  const last = kept.at(-1) ?? begins;
  const crosses = (at: number): boolean => begins < at;
  const limit = Math.min(length, ...changes.map(({ at }) => at).filter(crosses));
  const isCut = end === 'killed in a save' && !command;
  const least = last === begins && (command || index === 0 || end !== 'ends') ? 1 : isCut ? 1 : 0;
  const cutAt = isLast ? undefined : cutOf(made, space);
  const until = isLast ? length : (cutAt ?? Math.min(limit, last + (chains ? 0 : Math.max(goesOn, least))));
  const killed = !isLast && !chains && end !== 'ends' && until > begins;
  const cut = cutAt !== undefined || (killed && isCut && until !== kept.at(-1));
  return {
    id: String(index),
    from: from === null ? null : { process: String(from.process), step: from.step },
    until,
    saves: kept,
    ...(killed ? { killed } : {}),
    ...(cut ? { inSave } : {}),
    ...(backend === undefined || backends[backend] === undefined ? {} : { backend: backends[backend] }),
  };
}
