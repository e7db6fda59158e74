/** Selects and loads the faults of a matrix. */
import type { Fault } from '../faults/fault.ts';
import { FAULTS, findFaults, loadFault } from '../faults/find.ts';
import { CAUSES } from '../judge/causes/index.ts';
import type { MatrixFault } from '../judge/matrix/matrix.ts';
import { RULES } from '../judge/rules/index.ts';
import { namePattern } from './name-pattern.ts';
import { UsageError } from './scenario.ts';

export interface LoadedFault {
  readonly file: string;
  readonly fault: Fault;
}

/**
 * @param folder of fault files; this package's own if undefined
 * @param wanted ids, in which `*` matches anything; all if empty
 * @throws {UsageError | FaultError} when a pattern matches nothing, a file is not a fault, or a rule or cause is unknown
 */
export async function selectFaults(
  folder: string | undefined,
  wanted: readonly string[],
): Promise<LoadedFault[]> {
  const found = await findFaults(folder ?? FAULTS);
  if (found.size === 0) {
    throw new UsageError(
      `no fault file (.ts, .js) in ${folder ?? FAULTS}; name another folder with --faults DIR`,
    );
  }
  const ids = [...found.keys()].sort();
  const selected = new Set(wanted.length === 0 ? ids : []);
  for (const want of wanted) {
    const matches = ids.filter((id) => namePattern(want).test(id));
    if (matches.length === 0)
      throw new UsageError(`no fault matches '${want}'; there are: ${ids.join(', ')}`);
    for (const id of matches) selected.add(id);
  }
  return Promise.all(
    [...selected].map(async (id) => {
      const file = found.get(id)!;
      const fault = await loadFault(file);
      // With a misspelt rule or cause, every headline would look wrong.
      const unknown = [fault.rule].flat().find((id) => !RULES.some((rule) => rule.id === id));
      if (unknown !== undefined) {
        throw new UsageError(`fault ${file}: rule: unknown rule '${unknown}'; see resumeproof list --rules`);
      }
      const strange = [fault.cause].flat().find((id) => !CAUSES.some((cause) => cause.id === id));
      if (strange !== undefined) {
        throw new UsageError(`fault ${file}: cause: unknown cause '${strange}'; docs/rules.md lists them`);
      }
      return { file, fault };
    }),
  );
}

/** A fault as the matrix tells of it. */
export const factsOf = ({ id, breaks, reports, proofs, rule, cause }: LoadedFault['fault']): MatrixFault => ({
  id,
  breaks,
  reports: [...reports],
  proofs: [...proofs],
  rule: [rule].flat(),
  cause: [cause].flat(),
});
