/** The sentences and tones of the gate and each verdict, shared by the terminal, the page and JUnit. */
import type { Gate, Verdict } from '../judge/verdict.ts';
import { count, enumerate } from './text.ts';

export type Tone = 'good' | 'bad' | 'doubt' | 'quiet';

/** An expected refutation is good news, an unexpected proof is bad news. */
export function tone(verdict: Verdict): Tone {
  if (!verdict.asExpected) return 'bad';
  if (verdict.outcome === 'skipped') return 'quiet';
  return verdict.outcome === 'inconclusive' ? 'doubt' : 'good';
}

export function standing(verdict: Verdict): string {
  if (!verdict.asExpected) return 'not as expected';
  if (verdict.outcome === 'skipped') return 'skipped';
  return knownBad(verdict) ? 'caught as expected' : 'as expected';
}

/** A scenario with a fault in it, which the rules must find. */
export function knownBad(verdict: Verdict): boolean {
  return verdict.expect !== 'proven';
}

/** Green only if the gate passed and nothing in it contradicts that. */
export function isGreen(gate: Gate): boolean {
  return (
    gate.passed &&
    gate.problem === null &&
    gate.verdicts.length > 0 &&
    gate.verdicts.every((v) => v.asExpected)
  );
}

/** The overall result and its reason, in one sentence. */
export function gateSentence(gate: Gate): string {
  const wrong = gate.verdicts.filter((verdict) => !verdict.asExpected);
  const first = wrong[0];
  const cut = gate.verdicts.filter((verdict) => verdict.cut !== null).length;
  const ended = cut === 0 ? '' : `; --fast ended ${cut} of ${gate.verdicts.length} early`;
  if (isGreen(gate)) return `Passed: ${passedParts(gate.verdicts)}${ended}.`;
  if (first !== undefined) {
    const others =
      wrong.length > 1 ? ` (and ${count(wrong.length - 1, 'more scenario')} of ${gate.verdicts.length})` : '';
    return `Failed in ${first.scenario}: ${unstopped(reason(first))}${others}.`;
  }
  if (gate.problem !== null) return `Failed: ${unstopped(gate.problem)}.`;
  if (gate.verdicts.length === 0) return 'Failed: no scenario was judged, so nothing is proven.';
  return 'Failed: the gate failed although every scenario is as expected.';
}

/** Why a scenario is not as expected: what was found, or what should have been. */
export function reason(verdict: Verdict): string {
  const nothingFound = verdict.outcome === 'proven' || verdict.outcome === 'skipped';
  return nothingFound ? (verdict.mismatch ?? verdict.headline) : verdict.headline;
}

function passedParts(verdicts: readonly Verdict[]): string {
  const sound = verdicts.filter((v) => v.outcome === 'proven').length;
  const caught = verdicts.filter(
    (v) => knownBad(v) && v.outcome !== 'proven' && v.outcome !== 'skipped',
  ).length;
  const skipped = verdicts.filter((v) => v.outcome === 'skipped').length;
  const rest = verdicts.length - sound - caught - skipped;
  const parts = [
    sound > 0 && `${count(sound, 'scenario')} proven`,
    caught > 0 && `${count(caught, 'known fault')} caught as expected`,
    rest > 0 && `${rest} inconclusive as expected`,
    skipped > 0 && `${skipped} skipped`,
  ];
  return enumerate(parts.filter((part) => part !== false));
}

function unstopped(sentence: string): string {
  return sentence.trim().replace(/\.$/, '');
}

/** Describes the device that a scenario ran on. */
export function deviceSentence({ backend }: Pick<Verdict, 'backend'>): string {
  if (backend === null) return 'unknown: no run recorded its device';
  const { requested, name, adapter, hardware, driver } = backend;
  const onGpu = name === 'webgpu' ? 'GPU emulated in software' : 'no GPU';
  const asked = requested === 'auto' ? ', chosen by auto' : `, although ${requested} was requested`;
  const kind = hardware ? 'hardware GPU' : onGpu;
  return `${name}${requested === name ? '' : asked}: ${adapter || 'adapter not named'} (${kind}${driver ? `; driver ${driver}` : ''})`;
}

/** The command that explains a rule, also where no network and no repository is. */
export const explaining = (id: string, command = 'resumeproof'): string => `${command} explain ${id}`;

/** What each proof holds without; empty where nothing is declared. */
export function byDeclaration(
  { deviations }: Pick<Verdict, 'deviations'>,
  proof: keyof NonNullable<Verdict['proofs']>,
): string {
  if (deviations.length === 0) return '';
  const kinds = enumerate(deviations.map(({ kind }) => kind));
  return proof === 'restored'
    ? `by declaration, except ${kinds}`
    : 'by declaration, against a control with the same deviations';
}

/** `By declaration, step-count: step 0 instead of 5 (resume 1).`, one for each declared deviation. */
export const declarations = ({ deviations }: Pick<Verdict, 'deviations'>, most = 8): string[] =>
  deviations.map(({ kind, entries, entryCount }) => {
    const shown = entries.slice(0, most);
    const told = shown.map(
      ({ name, saved, resumed, resume }) => `${name} ${resumed} instead of ${saved} (resume ${resume})`,
    );
    const more = entryCount - shown.length;
    return `By declaration, ${kind}: ${told.join('; ') || 'nothing deviated'}${more > 0 ? `; and ${more} more` : ''}.`;
  });

/** Where `--fast` cut the plan of a verdict, and why; empty if it did not. */
export function cutSentence({ cut, plan }: Pick<Verdict, 'cut' | 'plan'>): string {
  if (cut === null) return '';
  const { steps, resumes, why } = cut;
  return `Ended by --fast after step ${steps} of ${plan.steps} and resume ${resumes} of ${plan.resumeAt.length}: ${why}. Bugs that show only later were not looked for.`;
}
