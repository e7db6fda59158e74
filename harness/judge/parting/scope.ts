/** Which things of a stage part: all, those of some groups, those of one shape, or single ones. */
import { tensorsOf } from '../evidence.ts';
import { listed, ofAll, plural } from '../words.ts';
import type { Parting } from './first.ts';

const sameMembers = (some: ReadonlySet<string>, others: readonly string[]): boolean =>
  others.length === some.size && others.every((name) => some.has(name));

/** The parameters that part, as text: `all 4 parameters`, `group 'b'`, `the 2 parameters with one dimension`. */
export function scopeOf({ sight, pairs, at, resume }: Parting): string {
  const { among } = sight;
  const names = new Set(sight.parted.map(({ name }) => name));
  if (names.size === among.length) return ofAll(names.size, among.length, 'parameter');
  const groups = groupsOf(pairs[at]?.control);
  const inGroups = Map.groupBy(among, (name) => groups.get(name));
  const whole = [...inGroups].filter(([, own]) => own.every((name) => names.has(name)));
  if (
    whole.length > 0 &&
    whole.length < inGroups.size &&
    sameMembers(
      names,
      whole.flatMap(([, own]) => own),
    )
  ) {
    const which = whole.flatMap(([group]) => (group === undefined ? [] : [group]));
    if (which.length === whole.length) return `${plural(which.length, 'group', 'groups')} ${listed(which)}`;
  }
  const shapes = new Map(
    [...tensorsOf(resume.saved, 'parameter')].map(([name, { shape }]) => [name, shape.length]),
  );
  const ranks = new Set([...names].map((name) => shapes.get(name)));
  const [rank] = ranks;
  const alike = among.filter((name) => shapes.get(name) === rank);
  if (names.size > 1 && ranks.size === 1 && rank !== undefined && sameMembers(names, alike)) {
    return `the ${names.size} parameters with ${rank === 1 ? 'one dimension' : `${rank} dimensions`}`;
  }
  return `${listed([...names])} (${ofAll(names.size, among.length, 'parameter')})`;
}

const groupsOf = (
  step: { readonly names: readonly string[]; readonly groups: readonly (string | null)[] } | undefined,
): ReadonlyMap<string, string> =>
  new Map(
    step?.names.flatMap((name, at) => {
      const group = step.groups[at];
      return typeof group === 'string' ? [[name, group] as const] : [];
    }),
  );
