/** Names findings in links and fingerprints. */
import type { Finding } from '../judge/verdict.ts';

/** A finding's rule and resume name it, and its number among those: the same finding of another run has the same id. */
export function findingIds(findings: readonly Finding[]): ReadonlyMap<Finding, string> {
  const seen = new Map<string, number>();
  return new Map(
    findings.map((finding) => {
      const name = finding.resume === 0 ? finding.rule : `${finding.rule}@${finding.resume}`;
      const number = (seen.get(name) ?? 0) + 1;
      seen.set(name, number);
      return [finding, number === 1 ? name : `${name}.${number}`];
    }),
  );
}
