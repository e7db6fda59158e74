/** Selects and loads the faults of a matrix. */
import { CAUSES } from '../judge/causes/index.ts';
import type { MatrixFault } from '../judge/matrix/matrix.ts';
import { RULES } from '../judge/rules/index.ts';
import { FAULTS, type FaultFacts, findFaults } from './fault.ts';
import { inspectFaults } from './inspect.ts';
import { namePattern } from './name-pattern.ts';
import { UsageError } from './usage-error.ts';

export interface LoadedFault {
  readonly id: string;
  readonly file: string;
  readonly fault: FaultFacts;
}

/**
 * @param folder of fault files; this package's own if undefined
 * @param wanted ids, in which `*` matches anything; all if empty
 * @param onImport called with the URL of each module that the files import
 * @throws {UsageError} when a pattern matches nothing, a file is not a fault, or a rule or cause is unknown
 */
export async function selectFaults(
  folder: string | undefined,
  wanted: readonly string[],
  onImport?: (url: string) => void,
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
  const facts = await inspectFaults(
    [...selected].map((id) => found.get(id)!),
    onImport,
  );
  return [...selected].map((id) => {
    const file = found.get(id)!;
    const fault = facts.get(file)!;
    // With a misspelt rule or cause, every headline would look wrong.
    const unknown = [fault.rule].flat().find((named) => !RULES.some((rule) => rule.id === named));
    if (unknown !== undefined) {
      throw new UsageError(`fault ${file}: rule: unknown rule '${unknown}'; see resumeproof list --rules`);
    }
    const strange = [fault.cause].flat().find((named) => !CAUSES.some((cause) => cause.id === named));
    if (strange !== undefined) {
      throw new UsageError(`fault ${file}: cause: unknown cause '${strange}'; see resumeproof explain`);
    }
    return { id, file, fault };
  });
}

/** A fault as the matrix describes it. */
export const factsOf = ({ id, fault }: LoadedFault): MatrixFault => ({
  id,
  breaks: fault.breaks,
  reports: [...(fault.reports ?? [])],
  proofs: [...fault.proofs],
  rule: [fault.rule].flat(),
  cause: [fault.cause].flat(),
});
