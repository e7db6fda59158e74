/** Counters and random generators at the end of a segment. */
import { entriesThatDiffer } from '../../compare.ts';
import type { Resume } from '../../evidence.ts';
import type { Value } from '../../words.ts';

/** Compares only the names that both runs have: the rules on restored state report missing ones. */
export function ends(resume: Resume, which: 'counters' | 'random') {
  const [mine, theirs] = [resume.last?.[which], resume.controlLast?.[which]];
  if (mine === undefined || theirs === undefined || resume.to === resume.from) return { of: [], total: 0 };
  const shared = Object.keys(theirs).filter((name) => Object.hasOwn(mine, name));
  const only = (of: Readonly<Record<string, Value>>) =>
    Object.fromEntries(shared.map((name) => [name, of[name]]));
  return entriesThatDiffer(only(theirs), only(mine));
}
