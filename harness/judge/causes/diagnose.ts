/** Ranks the causes of what was found, and puts first what the diagnosis accounts for. Pure. */
import type { Evidence, Resume } from '../evidence.ts';
import { RULES } from '../rules/index.ts';
import type { Finding } from '../verdict.ts';
import type { Cause } from './cause.ts';
import { type Clues, cluesOf } from './clues.ts';
import { CAUSES } from './index.ts';

export interface Diagnosis {
  readonly cause: Cause;
  readonly sentence: string;
  readonly resume: number;
}

/** What follows from anything that goes wrong, and so speaks for no cause. */
const CONSEQUENCES = new Set([
  'loss-differs',
  'gradients-differ',
  'applied-gradients-differ',
  'updates-differ',
  'parameters-differ',
  'final-parameters-differ',
  'final-slots-differ',
  'final-ema-differs',
  'final-buffers-differ',
  'final-counters-differ',
  'final-random-differs',
  'images-differ-from-control',
  'images-differ-at-resume',
]);

/** More than there are units. */
const MANY = 1000;

const LOST = new Set(
  RULES.filter(({ proof, id }) => proof === 'restored' && id !== 'equals-cold-start').map(({ id }) => id),
);
/** What was wrong before the first step. */
const isLost = (unit: string): boolean =>
  unit.startsWith('counter:') || (LOST.has(unit) && !CONSEQUENCES.has(unit));

/** What has to be accounted for: rules that found something, and counters by their kind. */
function unitsOf({ findings, counters }: Clues): ReadonlySet<string> {
  const rules = findings.map(({ rule }) => rule).filter((rule) => rule !== 'counters-not-restored');
  return new Set([...rules, ...counters.map(({ kind }) => `counter:${kind}`)]);
}

/** The diagnosis of the first resume of which a cause shows; undefined where none does. */
export function diagnose(evidence: Evidence, findings: readonly Finding[]): Diagnosis | undefined {
  const refuting = findings.filter(({ refutes }) => refutes);
  for (const resume of evidence.resumes) {
    const own = refuting.filter(({ resume: index }) => index === resume.index);
    const diagnosis = own.length === 0 ? undefined : diagnoseResume(evidence, resume, own);
    if (diagnosis !== undefined) return diagnosis;
  }
  return undefined;
}

function diagnoseResume(evidence: Evidence, resume: Resume, own: readonly Finding[]): Diagnosis | undefined {
  const clues = cluesOf(evidence, resume, own);
  const units = unitsOf(clues);
  const weight = ({ explains }: Cause): number => {
    const accounted = explains.filter((unit) => units.has(unit));
    const lost = accounted.filter(isLost).length;
    const later = accounted.filter((unit) => !isLost(unit) && !CONSEQUENCES.has(unit)).length;
    // What was wrong before the first step follows from nothing that comes after it; a consequence counts last.
    return (lost * MANY + later) * MANY + accounted.length;
  };
  const candidates = CAUSES.flatMap((cause) => {
    if (!cause.heads.some((rule) => clues.has(rule))) return [];
    const sentence = cause.diagnose(clues);
    return sentence === undefined ? [] : [{ cause, sentence, weight: weight(cause) }];
  });
  const best = Math.max(...candidates.map((candidate) => candidate.weight));
  const top = candidates.find((candidate) => candidate.weight === best);
  if (top === undefined || best <= 0) return undefined;
  return {
    cause: top.cause,
    sentence: `After resume ${resume.index}, ${top.sentence}.`,
    resume: resume.index,
  };
}

/** The findings that head the diagnosis, then what else it accounts for, then the rest, each in their order. */
export function inOrderOf(diagnosis: Diagnosis | undefined, findings: readonly Finding[]): Finding[] {
  if (diagnosis === undefined) return [...findings];
  const { cause, resume } = diagnosis;
  const heads = findings.filter((finding) => finding.resume === resume);
  const head = cause.heads.flatMap((rule) => heads.filter((finding) => finding.rule === rule))[0];
  const explained = new Set(
    cause.explains.map((unit) => (unit.startsWith('counter:') ? 'counters-not-restored' : unit)),
  );
  const rank = (finding: Finding): number => {
    if (finding === head) return 0;
    if (finding.resume === resume && explained.has(finding.rule)) return 1;
    return 2;
  };
  return findings.toSorted((a, b) => rank(a) - rank(b));
}
