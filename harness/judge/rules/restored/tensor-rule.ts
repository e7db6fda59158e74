/** A rule on tensors of one kind: the restored tensors equal the saved ones. */
import type { TensorRecord } from '../../../trace/schema.ts';
import { type Difference, differences, manner } from '../../compare.ts';
import { type Evidence, type Resume, tensorsOf } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { listed, ofAll, plural, valuesApart } from '../../words.ts';
import { eachRestored } from './known.ts';

type Kind = TensorRecord['kind'];

function describe({ saved, resumed }: Difference): { expected: string; seen: string } {
  const [mine, theirs] = valuesApart(resumed?.l2, saved?.l2);
  const text = (tensor: TensorRecord | undefined, norm: string): string =>
    tensor === undefined ? 'none' : `${tensor.dtype} [${tensor.shape}], L2 norm ${norm}`;
  const [seen, expected] = [text(resumed, mine), text(saved, theirs)];
  return { expected, seen: seen === expected ? `${seen}, with different bytes` : seen };
}

interface TensorRule {
  readonly id: string;
  readonly kind: Kind;
  readonly noun: string;
  readonly claim: string;
  readonly likelyCause: (resume: Resume, found: readonly Difference[], evidence: Evidence) => string;
  readonly fix: string;
  /** Text for what is missing and may still be restored later; none if it cannot be. */
  readonly later?: (resume: Resume, found: readonly Difference[], evidence: Evidence) => string | undefined;
}

/** The parameter groups that lost every tensor of this kind, so that the sentence can name them. */
export function wholeGroups(resume: Resume, found: readonly Difference[], kind: Kind): string[] {
  const groupOf = new Map(
    resume.saved?.tensors.filter(({ kind }) => kind === 'parameter').map(({ name, group }) => [name, group]),
  );
  const group = (parameter: string | undefined): string | undefined => groupOf.get(parameter ?? '');
  const lost = new Set(found.map(({ saved }) => group(saved?.parameter)));
  const differing = new Set(found.map(({ name }) => name));
  const kept = [...tensorsOf(resume.saved, kind).values()].filter(({ name }) => !differing.has(name));
  for (const { parameter } of kept) lost.delete(group(parameter));
  return [...lost].filter((name) => name !== undefined);
}

export function tensorRule({ id, kind, noun, claim, likelyCause, fix, later }: TensorRule): Rule {
  return {
    id,
    proof: 'restored',
    claim,
    reads: `the ${noun}s at the save and at the resume: names, bytes, shapes, types`,
    speaks: 'before the first step',
    judge: eachRestored((resume, evidence) => {
      const { of, total } = differences(resume, kind);
      if (of.length === 0) return undefined;
      const groups = wholeGroups(resume, of, kind);
      const named =
        groups.length > 0 && of.length < total
          ? `, including all of ${plural(groups.length, 'group', 'groups')} ${listed(groups, 6)}`
          : '';
      const restoredLater = later?.(resume, of, evidence);
      return {
        sentence: `After resume ${resume.index}, ${ofAll(of.length, total, noun)} ${plural(of.length, 'is', 'are')} ${manner(of)}${named}${restoredLater ?? ''}.`,
        refutes: restoredLater === undefined,
        subjects: of.map(({ name }) => name),
        total,
        step: resume.from,
        ...describe(of[0]!),
        likelyCause: likelyCause(resume, of, evidence),
        fix,
      };
    }),
  };
}
