/** A rule on a property of each parameter. */
import type { StateRecord, TensorRecord } from '../../../trace/schema.ts';
import { tensorsOf } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { listed, ofAll } from '../../words.ts';
import { eachRestored } from './known.ts';

interface Trait {
  readonly id: string;
  readonly claim: string;
  readonly noun: string;
  /** The property as text; undefined if this process does not tell it. */
  readonly of: (tensor: TensorRecord, state: StateRecord) => string | undefined;
  readonly likelyCause: string;
  readonly fix: string;
}

/** Makes a rule that compares a property of each parameter that exists on both sides. */
export function traitRule({ id, claim, noun, of, likelyCause, fix }: Trait): Rule {
  return {
    id,
    proof: 'restored',
    claim,
    reads: `the ${noun} of each parameter at the save and at the resume`,
    speaks: 'before the first step',
    judge: eachRestored((resume) => {
      const before = tensorsOf(resume.saved, 'parameter');
      const after = tensorsOf(resume.resumed, 'parameter');
      const both = [...before.keys()].filter((name) => after.has(name));
      const saved = (name: string) => of(before.get(name)!, resume.saved);
      const resumed = (name: string) => of(after.get(name)!, resume.resumed);
      const inBoth = both.filter((name) => saved(name) !== undefined && resumed(name) !== undefined);
      const changed = inBoth.filter((name) => saved(name) !== resumed(name));
      const [first] = changed;
      if (first === undefined) return undefined;
      return {
        sentence: `After resume ${resume.index}, the ${noun} of ${ofAll(changed.length, both.length, 'parameter')} differs from the saved one: ${listed(changed)}.`,
        subjects: changed,
        total: both.length,
        step: resume.from,
        expected: `'${first}': ${saved(first)}`,
        seen: `'${first}': ${resumed(first)}`,
        likelyCause,
        fix,
      };
    }),
  };
}
