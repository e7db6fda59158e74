/**
 * A baseline keeps what a control ended with, from one commit to the next: did the training itself change? It says
 * nothing about resumes, so no verdict depends on it.
 */
import { z } from 'zod';
import type { SampleRecord, Trace } from '../trace/schema.ts';
import { insteadOf, listed, ofAll } from './words.ts';

const sampleSchema = z.strictObject({
  digest: z.string().describe('of what the sample shows'),
  file: z
    .string()
    .regex(/^[\w.-]+$/)
    .nullable()
    .describe('beside the baseline; null if it was not kept'),
});

export const baselineSchema = z.strictObject({
  format: z.literal(1),
  scenario: z.string(),
  backend: z.string(),
  steps: z.int().positive().describe('that the control trained'),
  norms: z.record(z.string(), z.number()).describe('L2 norm of each parameter at the end of the control'),
  samples: z.record(z.string(), sampleSchema).describe('drawn at the end of the control, by name'),
});
export type Baseline = z.output<typeof baselineSchema>;

const DIGITS = 9;
/** Relative differences of norms that are no change: on a deterministic backend the last digits, elsewhere noise. */
const TOLERANCE = { deterministic: 1e-6, other: 1e-3 };

/** The samples that a control drew at its end. */
export const endSamples = ({ samples }: Trace): SampleRecord[] => samples.filter(({ at }) => at === 'end');

/** The control of a run, the first rank of several. */
export const controlOf = (traces: readonly Trace[]): Trace | undefined =>
  traces.find(({ run }) => run?.role === 'control' && (run.rank ?? 0) === 0);

/**
 * What is kept of a control.
 * @returns undefined if it did not end by itself, or has a norm that is not finite
 */
export function baselineOf(scenario: string, control: Trace): Baseline | undefined {
  const last = control.steps.at(-1);
  if (control.run === undefined || control.end === undefined || last === undefined) return undefined;
  if (!last.l2.every(Number.isFinite)) return undefined;
  return {
    format: 1,
    scenario,
    backend: control.run.backend.name,
    steps: last.step,
    norms: Object.fromEntries(last.names.map((name, at) => [name, Number(last.l2[at]!.toPrecision(DIGITS))])),
    samples: Object.fromEntries(
      endSamples(control).map(({ name, digest }) => [name, { digest, file: null }]),
    ),
  };
}

/** How a control differs from a baseline, a sentence each; empty if it does not. */
export function baselineChanges(before: Baseline, control: Trace): string[] {
  const now = baselineOf(before.scenario, control);
  if (now === undefined) return ['the control did not end, or has norms that are not finite'];
  if (now.steps !== before.steps) return [`it trains ${now.steps} steps instead of ${before.steps}`];
  return [...parameterChanges(before, now, control), ...sampleChanges(before, now, control)];
}

function parameterChanges(before: Baseline, now: Baseline, control: Trace): string[] {
  const { deterministic } = control.run!.backend;
  const tolerance = deterministic ? TOLERANCE.deterministic : TOLERANCE.other;
  const names = Object.keys(now.norms);
  const added = names.filter((name) => !Object.hasOwn(before.norms, name));
  const gone = Object.keys(before.norms).filter((name) => !Object.hasOwn(now.norms, name));
  const both = names.filter((name) => !added.includes(name));
  const changed = both.filter((name) => {
    const [norm, old] = [now.norms[name]!, before.norms[name]!];
    return Math.abs(norm - old) > tolerance * Math.max(Math.abs(norm), Math.abs(old));
  });
  const first = changed[0];
  return [
    ...(first === undefined
      ? []
      : [
          `${ofAll(changed.length, both.length, 'parameter')} ${changed.length === 1 ? 'ends' : 'end'} with another norm: '${first}' with ${insteadOf(now.norms[first]!, before.norms[first]!)}`,
        ]),
    ...(added.length === 0 ? [] : [`new parameters: ${listed(added)}`]),
    ...(gone.length === 0 ? [] : [`parameters that are gone: ${listed(gone)}`]),
  ];
}

/** The files of the samples that the control drew differently at its end, if only in the noise, by name. */
export function replacedSamples(before: Baseline, control: Trace): [name: string, file: string][] {
  const now = new Map(endSamples(control).map(({ name, digest }) => [name, digest]));
  return Object.entries(before.samples).flatMap(([name, { digest, file }]) =>
    file !== null && now.has(name) && now.get(name) !== digest ? [[name, file]] : [],
  );
}

/** Where equal programs give equal bits, another digest is another sample. Elsewhere it says nothing. */
function sampleChanges(before: Baseline, now: Baseline, control: Trace): string[] {
  if (!control.run!.backend.deterministic) return [];
  const names = new Set([...Object.keys(before.samples), ...Object.keys(now.samples)]);
  const changed = [...names].filter((name) => before.samples[name]?.digest !== now.samples[name]?.digest);
  return changed.length === 0
    ? []
    : [`${ofAll(changed.length, names.size, 'sample')} changed: ${listed(changed)}`];
}
