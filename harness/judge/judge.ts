/** Turns evidence into a verdict: applies every rule and combines the findings. Pure: no files, no TensorFlow. */

import { type History, isChain, planOf } from '../trace/history.ts';
import { accountsFor, type Diagnosis, diagnose, inOrderOf } from './causes/diagnose.ts';
import { compared } from './compared.ts';
import { declaredDeviations } from './deviations.ts';
import type { Evidence } from './evidence.ts';
import { inLanguageOf } from './language.ts';
import { noiseOfRanks } from './noise/ranks.ts';
import { type OnRank, saidOf, saidOnce, worstOf } from './ranks.ts';
import { complete, type Rule } from './rule.ts';
import { notFinite } from './rules/evidence/not-finite.ts';
import { notReproducible } from './rules/evidence/not-reproducible.ts';
import { RULES } from './rules/index.ts';
import type { Expectation, Finding, Outcome, PROOFS, Verdict } from './verdict.ts';

/** The scenario that is judged. */
export interface Subject {
  /** The scenario's name. */
  readonly scenario: string;
  /** One sentence about the scenario. */
  readonly about: string;
  /** What the scenario expects. */
  readonly expect: Expectation;
  /** The command that runs it again, for reports. */
  readonly replay: string;
}

/** A {@link Verdict} without what the harness adds: caveats, seconds and trace files. */
export type Judgement = Omit<Verdict, 'caveats' | 'seconds' | 'runs'>;

/** What was found on each rank, and what was found by looking at all of them. */
interface AllFound {
  readonly ranks: readonly OnRank[];
  readonly ofAll: readonly Finding[];
}

const hasAny = ({ ranks, ofAll }: AllFound): boolean =>
  ofAll.length > 0 || ranks.some(({ findings }) => findings.length > 0);

/** The findings of every rule, in the order of the rules. */
export function findingsOf(evidence: Evidence): Finding[] {
  const found = foundIn(evidence);
  return reported(found, worstOf(found.ranks));
}

function foundIn({ ranks }: Evidence): AllFound {
  const foundBy = (rules: readonly Rule[]): AllFound => {
    const by = (evidence: Evidence, ofAll: boolean): Finding[] =>
      rules
        .filter(({ ofAllRanks = false }) => ofAllRanks === ofAll)
        .flatMap((rule) =>
          rule
            .judge(evidence)
            .map((found) => complete(rule, found, ranks.length > 1 && !ofAll ? [evidence.rank] : [])),
        );
    return {
      ranks: ranks.map((evidence) => ({ rank: evidence.rank, findings: by(evidence, false) })),
      ofAll: ranks.length > 1 ? by(ranks[0]!, true) : [],
    };
  };
  const found = withoutBlame(foundBy(RULES.filter(({ onlyIfSilent }) => onlyIfSilent !== true)));
  return hasAny(found) ? found : foundBy(RULES.filter(({ onlyIfSilent }) => onlyIfSilent === true));
}

/**
 * Two runs that differ before any resume would differ after it too, and nothing can equal a run that is not finite: that
 * shows nothing of the resume.
 */
function withoutBlame({ ranks, ofAll }: AllFound): AllFound {
  const comparable = !ranks.some(({ findings }) =>
    findings.some(({ rule }) => rule === notReproducible.id || rule === notFinite.id),
  );
  const blameless = (findings: readonly Finding[]): Finding[] =>
    findings.map((finding) =>
      finding.proof === 'faithful' && !comparable ? { ...finding, refutes: false } : finding,
    );
  return {
    ranks: ranks.map(({ rank, findings }) => ({ rank, findings: blameless(findings) })),
    ofAll: blameless(ofAll),
  };
}

const PLACE = new Map(RULES.map(({ id }, at) => [id, at]));

function reported({ ranks, ofAll }: AllFound, worst: number): Finding[] {
  if (ranks.length === 1) return saidOnce(ranks, worst);
  const place = ({ rule }: Finding): number => PLACE.get(rule) ?? 0;
  return [...saidOnce(ranks, worst), ...ofAll].toSorted((a, b) => place(a) - place(b));
}

/** The diagnosis of the worst rank, said of every rank that shows the same. */
function diagnosed(evidence: Evidence, { ranks }: AllFound, worst: number): Diagnosis | undefined {
  const all = ranks.map(({ rank, findings }, at) => ({
    rank,
    diagnosis: diagnose(evidence.ranks[at]!, findings),
  }));
  const diagnosis = all.find(({ rank }) => rank === worst)?.diagnosis;
  if (diagnosis === undefined || ranks.length === 1) return diagnosis;
  const same = all.filter((one) => one.diagnosis?.sentence === diagnosis.sentence).map(({ rank }) => rank);
  return { ...diagnosis, sentence: saidOf(same, ranks.length, diagnosis.sentence) };
}

/**
 * Judges the evidence by every rule and returns the verdict, with the root cause first. Pure: it reads no files and loads
 * no TensorFlow.
 * @example
 * ```ts
 * import { collectEvidence, judge, readTrace } from 'resumeproof/judge';
 *
 * const files = ['control', 'before', 'after'].map((run) => `runs/${run}/trace.jsonl`);
 * const traces = await Promise.all(files.map(readTrace));
 * const evidence = collectEvidence({ steps: 8, resumeAt: [4] }, 'auto', traces);
 * const subject = { scenario: 'mine', about: 'My loop', expect: 'proven' as const, replay: 'npm run mine' };
 * const { outcome, headline } = judge(subject, evidence);
 * console.log(outcome, headline);
 * ```
 */
export function judge(subject: Subject, evidence: Evidence): Judgement {
  const found = foundIn(evidence);
  const worst = worstOf(found.ranks);
  const diagnosis = diagnosed(evidence, found, worst);
  const findings = explained(diagnosis, inOrderOf(diagnosis, reported(found, worst), worst));
  const proofs = proofsOf(findings, evidence);
  const outcome = together(Object.values(proofs));
  const mismatch = mismatchOf(subject.expect, outcome, findings);
  const judged = inLanguageOf(evidence, {
    scenario: subject.scenario,
    about: subject.about,
    outcome,
    proofs,
    headline: diagnosis?.sentence ?? headlineOf(evidence, findings),
    cause: diagnosis?.cause ?? null,
    deviations: declaredDeviations(
      evidence.deviates,
      evidence.ranks.flatMap(({ resumes }) => resumes),
    ),
    findings,
    expect: subject.expect,
    asExpected: mismatch === null,
    mismatch,
    plan: evidence.plan,
    history: beyondPlan(evidence.history),
    cut: null,
    backend: evidence.control?.run?.backend ?? null,
    compared: compared(evidence),
    noise: noiseOfRanks(evidence.ranks.map(({ noise }) => noise.record)),
    replay: subject.replay,
  });
  return { ...judged, findings: fixedAs(diagnosis, judged.findings) };
}

/** What a rule supposes can contradict the diagnosis, which knows all findings. */
const explained = (diagnosis: Diagnosis | undefined, findings: readonly Finding[]): Finding[] =>
  findings.map((finding) =>
    diagnosis?.because != null && accountsFor(diagnosis, finding)
      ? { ...finding, likelyCause: diagnosis.because }
      : finding,
  );

/** The fix of a cause stands in the place of that of a rule, in any language. */
const fixedAs = (diagnosis: Diagnosis | undefined, findings: readonly Finding[]): Finding[] =>
  findings.map((finding) =>
    diagnosis?.fix != null && accountsFor(diagnosis, finding) ? { ...finding, fix: diagnosis.fix } : finding,
  );

/** What a plan does not say of it. */
const beyondPlan = (history: History): Verdict['history'] =>
  isChain(history)
    ? null
    : {
        steps: history.steps,
        processes: history.processes.map((process) => ({ ...process, saves: [...process.saves] })),
        ...(history.changes === undefined ? {} : { changes: [...history.changes] }),
      };

/** The judgement on a scenario that this backend cannot run. It is not a pass, and every report shows it. */
export function skipped(subject: Subject, history: History, why: string): Judgement {
  return {
    ...subject,
    outcome: 'skipped',
    proofs: null,
    headline: `Skipped: ${why}.`,
    deviations: [],
    cause: null,
    findings: [],
    asExpected: true,
    mismatch: null,
    plan: planOf(history),
    history: beyondPlan(history),
    cut: null,
    backend: null,
    compared: null,
    noise: null,
  };
}

/**
 * A refuting finding refutes its proof. Flawed evidence leaves every other proof inconclusive. A resumed run that fails
 * with an error is not alive.
 */
function proofsOf(findings: readonly Finding[], { ranks, plan }: Evidence): NonNullable<Verdict['proofs']> {
  const flawed =
    findings.some(({ proof }) => proof === 'run') ||
    ranks.some(({ resumes }) => resumes.length < plan.resumeAt.length);
  const died = findings.some(({ proof, refutes }) => proof === 'run' && refutes);
  const of = (proof: (typeof PROOFS)[number]): Outcome => {
    const own = findings.filter((finding) => finding.proof === proof);
    if (own.some(({ refutes }) => refutes) || (proof === 'alive' && died)) return 'refuted';
    return flawed || own.length > 0 ? 'inconclusive' : 'proven';
  };
  return { restored: of('restored'), alive: of('alive'), faithful: of('faithful') };
}

function together(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes('refuted')) return 'refuted';
  return outcomes.every((outcome) => outcome === 'proven') ? 'proven' : 'inconclusive';
}

function headlineOf({ resumes, plan, deviates, ranks }: Evidence, findings: readonly Finding[]): string {
  const [root] = findings;
  if (root !== undefined) return root.sentence;
  const steps = resumes.reduce((sum, resume) => sum + resume.steps.length, 0);
  const times = plan.resumeAt.length === 1 ? 'once' : `${plan.resumeAt.length} times`;
  const deviating = deviates.length === 0 ? '' : `, with the declared deviations ${deviates.join(', ')}`;
  const each = ranks.length === 1 ? '' : ` on each of ${ranks.length} ranks`;
  return `Resumed ${times}: indistinguishable from the uninterrupted run over ${steps} steps${each}${deviating}.`;
}

/** Whether what a verdict concludes follows from its own proofs and findings, as far as they tell. */
export function isConsistent(verdict: Omit<Judgement, 'about'>): boolean {
  const { outcome, proofs, findings, expect, asExpected, mismatch } = verdict;
  if (outcome === 'skipped') return proofs === null && findings.length === 0 && asExpected;
  if (proofs === null || outcome !== together(Object.values(proofs))) return false;
  if (outcome === 'proven' && findings.length > 0) return false;
  return mismatch === mismatchOf(expect, outcome, findings) && asExpected === (mismatch === null);
}

/** How the verdict and its findings differ from what the scenario expects; null if they do not. */
function mismatchOf(expect: Expectation, outcome: Outcome, findings: readonly Finding[]): string | null {
  if (expect === 'proven') {
    return outcome === 'proven' ? null : `expected proven, but the outcome is ${outcome}`;
  }
  const known = findings.filter(({ rule }) => expect.includes(rule));
  const missed = expect.filter((id) => !known.some(({ rule }) => rule === id));
  // A fault in the training itself can only leave the proofs inconclusive.
  const open = known.length > 0 && known.every(({ refutes }) => !refutes);
  if (outcome !== (open ? 'inconclusive' : 'refuted'))
    return `a known fault was not confirmed: expected ${expect.join(', ')}, but the outcome is ${outcome}`;
  const flaw = findings.find((one) => one.proof === 'run' && !one.refutes && !known.includes(one));
  if (flaw !== undefined) return `the evidence of a known fault is flawed: ${flaw.sentence}`;
  if (missed.length > 0) return `a known fault was not found by ${missed.join(', ')}`;
  const [headline] = findings;
  return headline?.rule === expect[0]
    ? null
    : `the headline is ${headline?.rule}, but the known fault’s is ${expect[0]}`;
}
