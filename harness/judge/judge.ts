/** Turns evidence into a verdict: applies every rule and combines the findings. Pure: no files, no TensorFlow. */
import { diagnose, inOrderOf } from './causes/diagnose.ts';
import { compared } from './compared.ts';
import { declaredDeviations } from './deviations.ts';
import type { Evidence } from './evidence.ts';
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

/** The findings of every rule, in the order of the rules. */
export function findingsOf(evidence: Evidence): Finding[] {
  const foundBy = (rules: readonly Rule[]): Finding[] =>
    rules.flatMap((rule) => rule.judge(evidence).map((found) => complete(rule, found)));
  const found = withoutBlame(foundBy(RULES.filter(({ onlyIfSilent }) => onlyIfSilent !== true)));
  return found.length > 0 ? found : foundBy(RULES.filter(({ onlyIfSilent }) => onlyIfSilent === true));
}

/**
 * Two runs that differ before any resume would differ after it too, and nothing can equal a run that is not finite: that
 * shows nothing of the resume.
 */
function withoutBlame(findings: readonly Finding[]): Finding[] {
  const comparable = !findings.some(({ rule }) => rule === notReproducible.id || rule === notFinite.id);
  return findings.map((finding) =>
    finding.proof === 'faithful' && !comparable ? { ...finding, refutes: false } : finding,
  );
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
  const found = findingsOf(evidence);
  const diagnosis = diagnose(evidence, found);
  const findings = inOrderOf(diagnosis, found);
  const proofs = proofsOf(findings, evidence);
  const outcome = together(Object.values(proofs));
  const mismatch = mismatchOf(subject.expect, outcome, findings);
  return {
    scenario: subject.scenario,
    about: subject.about,
    outcome,
    proofs,
    headline: diagnosis?.sentence ?? headlineOf(evidence, findings),
    cause: diagnosis?.cause ?? null,
    deviations: declaredDeviations(evidence.deviates, evidence.resumes),
    findings,
    expect: subject.expect,
    asExpected: mismatch === null,
    mismatch,
    plan: evidence.plan,
    cut: null,
    backend: evidence.control?.run?.backend ?? null,
    compared: compared(evidence),
    noise: evidence.noise.record,
    replay: subject.replay,
  };
}

/** The judgement on a scenario that this backend cannot run. It is not a pass, and every report shows it. */
export function skipped(subject: Subject, plan: Verdict['plan'], why: string): Judgement {
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
    plan,
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
function proofsOf(findings: readonly Finding[], { resumes, plan }: Evidence): NonNullable<Verdict['proofs']> {
  const flawed = findings.some(({ proof }) => proof === 'run') || resumes.length < plan.resumeAt.length;
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

function headlineOf({ resumes, plan, deviates }: Evidence, findings: readonly Finding[]): string {
  const [root] = findings;
  if (root !== undefined) return root.sentence;
  const steps = resumes.reduce((sum, resume) => sum + resume.steps.length, 0);
  const times = plan.resumeAt.length === 1 ? 'once' : `${plan.resumeAt.length} times`;
  const deviating = deviates.length === 0 ? '' : `, with the declared deviations ${deviates.join(', ')}`;
  return `Resumed ${times}: indistinguishable from the uninterrupted run over ${steps} steps${deviating}.`;
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
