/** Ranks the causes of the findings, and puts the findings that the diagnosis accounts for first. Pure. */
import type { Evidence, Resume } from '../evidence.ts';
import { partingOf } from '../parting/parting.ts';
import { samplingChangesState } from '../rules/alive/sampling-changes-state.ts';
import { isSpoiltAlike, saverDeparts } from '../rules/alive/saver-departs.ts';
import { savingChangesState } from '../rules/alive/saving-changes-state.ts';
import { RULES } from '../rules/index.ts';
import type { Finding } from '../verdict.ts';
import { whoIsAtFault } from './at-fault.ts';
import type { Cause } from './cause.ts';
import { circumstances } from './circumstances.ts';
import { type Clues, cluesOf } from './clues.ts';
import { CAUSES } from './index.ts';

export interface Diagnosis {
  /** The named cause; null if none holds, so that the sentence only says where the runs first part. */
  readonly cause: string | null;
  readonly heads: readonly string[];
  readonly explains: readonly string[];
  readonly sentence: string;
  readonly resume: number;
  /** The likely cause of the findings that it accounts for; null if their rules say it. */
  readonly because: string | null;
  /** How to fix it; null if the rules say it. */
  readonly fix: string | null;
}

/** Rules whose findings follow from any fault, so they support no cause. */
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
  'samples-differ-from-control',
  'samples-differ-at-resume',
]);

/** More than the number of units. */
const MANY = 1000;

const LOST = new Set(
  RULES.filter(({ proof, id }) => proof === 'restored' && id !== 'equals-cold-start').map(({ id }) => id),
);
/** Whether the unit was wrong before the first step. */
const isLost = (unit: string): boolean =>
  unit.startsWith('counter:') || (LOST.has(unit) && !CONSEQUENCES.has(unit));

/** What a diagnosis must account for: rules with findings, and counters by kind. */
function unitsOf({ findings, counters }: Clues): ReadonlySet<string> {
  const rules = findings.map(({ rule }) => rule).filter((rule) => rule !== 'counters-not-restored');
  return new Set([...rules, ...counters.map(({ kind }) => `counter:${kind}`)]);
}

/** The diagnosis of the first resume that is refuted: a named cause, or else where the runs first part. */
export function diagnose(evidence: Evidence, findings: readonly Finding[]): Diagnosis | undefined {
  // Sampling then spoils the control and the resumed run alike, and what differs follows from when each of them samples.
  if (findings.some(({ rule }) => rule === samplingChangesState.id)) return undefined;
  const refuting = findings.filter(({ refutes }) => refutes);
  // What the save spoils is wrong before any resume.
  const spoils = [savingChangesState.id, ...(isSpoiltAlike(evidence) ? [saverDeparts.id] : [])];
  const spoilt = refuting.find(({ rule }) => spoils.includes(rule));
  if (spoilt !== undefined) {
    const heads = [spoilt.rule];
    const { sentence, resume } = spoilt;
    return { cause: null, heads, explains: heads, sentence, resume, because: null, fix: null };
  }
  for (const resume of evidence.resumes) {
    const own = refuting.filter(({ resume: index }) => index === resume.index);
    if (own.length === 0) continue;
    const about = findings.filter(({ resume: index }) => index === resume.index);
    const diagnosis =
      diagnoseResume(evidence, resume, own) ??
      diagnoseLater(evidence, resume, refuting) ??
      whereTheyPart(evidence, resume, about);
    if (diagnosis !== undefined) return diagnosis;
  }
  return undefined;
}

/**
 * A resume can be too short to show more than a consequence. A later one that names a cause of it says more.
 */
function diagnoseLater(
  evidence: Evidence,
  { index }: Resume,
  refuting: readonly Finding[],
): Diagnosis | undefined {
  const own = refuting.filter(({ resume }) => resume === index);
  if (!own.every(({ rule }) => CONSEQUENCES.has(rule))) return undefined;
  for (const later of evidence.resumes) {
    const found = refuting.filter(({ resume }) => resume === later.index);
    const diagnosis =
      later.index > index && found.length > 0 ? diagnoseResume(evidence, later, found) : undefined;
    if (diagnosis !== undefined && own.every(({ rule }) => diagnosis.explains.includes(rule)))
      return {
        ...diagnosis,
        sentence: `${diagnosis.sentence.slice(0, -1)}; the first sign is ${own.length === 1 ? 'a difference' : 'differences'} at the end of resume ${index}.`,
      };
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
    // What was wrong before the first step cannot follow from a later fault. Consequences count least.
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
  const { id, heads, explains, means, fix = null } = top.cause;
  return {
    cause: id,
    heads,
    explains,
    sentence: `After resume ${resume.index}, ${top.sentence}${whoIsAtFault(clues, top.cause)}${circumstances(evidence, resume)}.`,
    resume: resume.index,
    because: fix === null ? null : asClause(means),
    fix,
  };
}

/** A sentence without its capital, unless that begins an abbreviation, and without its full stop. */
const asClause = (sentence: string): string =>
  sentence.replace(/^[A-Z](?![A-Z])/, (first) => first.toLowerCase()).replace(/\.$/, '');

/** Says more than where the runs part: the evidence is flawed, the process died, or the run is a cold start. */
const saysMore = ({ proof, rule }: Finding): boolean => proof === 'run' || rule === 'equals-cold-start';

function whereTheyPart(evidence: Evidence, resume: Resume, about: readonly Finding[]): Diagnosis | undefined {
  const parting = about.some(saysMore) ? undefined : partingOf(evidence, resume);
  if (parting === undefined) return undefined;
  const { heads, sentence, because } = parting;
  return {
    cause: null,
    heads,
    explains: heads,
    sentence: `After resume ${resume.index}, ${sentence}${circumstances(evidence, resume)}.`,
    resume: resume.index,
    because,
    fix: null,
  };
}

/** Whether a diagnosis accounts for a finding: as its head, or among what it explains. */
export const accountsFor = ({ resume, heads, explains }: Diagnosis, finding: Finding): boolean =>
  finding.resume === resume &&
  [...heads, ...explains].some(
    (unit) => (unit.startsWith('counter:') ? 'counters-not-restored' : unit) === finding.rule,
  );

/**
 * The finding that heads the diagnosis, then the others it accounts for, then the rest. Each group keeps its order.
 * @param of the rank that is diagnosed
 */
export function inOrderOf(
  diagnosis: Diagnosis | undefined,
  findings: readonly Finding[],
  of: number,
): Finding[] {
  if (diagnosis === undefined) return [...findings];
  const { resume } = diagnosis;
  const own = findings.filter(
    ({ resume: index, ranks }) => index === resume && (ranks.length === 0 || ranks.includes(of)),
  );
  const head = diagnosis.heads.flatMap((rule) => own.filter((finding) => finding.rule === rule))[0];
  const explained = new Set(
    diagnosis.explains.map((unit) => (unit.startsWith('counter:') ? 'counters-not-restored' : unit)),
  );
  const rank = (finding: Finding): number => {
    if (finding === head) return 0;
    if (finding.resume === resume && explained.has(finding.rule)) return 1;
    return 2;
  };
  return findings.toSorted((a, b) => rank(a) - rank(b));
}
