/** Complete reports for the tests: a failed one full of hostile texts, and a passed one. */
import type { Gate, NoiseRecord } from '../../judge/verdict.ts';
import type { Trace } from '../../trace/schema.ts';
import { openReport, type ReportFiles } from '../write.ts';
import { backend, finding, gate, noise, runsOf, traceSet, verdict } from './build.ts';

export const EVIL = `<script>window.pwned=1</script><img src=x onerror="window.pwned=2">"'><svg onload=window.pwned=3>]]>&lt;\u0000\u001f\u202egnp`;

/** Writes a report of a gate whose traces are all at hand. */
export async function writeReport(
  folder: string,
  gate: Gate,
  traces: ReadonlyMap<string, readonly Trace[]>,
): Promise<ReportFiles> {
  const report = openReport(folder);
  for (const verdict of gate.verdicts) await report.add(verdict, traces.get(verdict.scenario) ?? []);
  return report.write(gate);
}

const measured = { things: 3, comparisons: 45, floor: 2.5e-7, degrees: 6.2, factor: 57.3 };
const NOISY: NoiseRecord['quantities'] = [
  { ...measured, quantity: 'updateL2', allowed: { least: 1.25e-5, most: 3.5e-4 } },
  { ...measured, quantity: 'sample', allowed: null },
];

/** A healthy scenario, a frozen one, and one in which every string is hostile. */
export async function writeRed(folder: string): Promise<ReportFiles & { gate: Gate }> {
  const healthy = await traceSet(folder, 'healthy', { story: 'Once upon a time' });
  const frozen = await traceSet(folder, 'frozen', { frozen: true, seed: 5 });
  const [control, before, after] = (await traceSet(folder, `evil ${EVIL.replaceAll(/[/\p{Cc}]/gu, '')}`, {
    samples: [EVIL],
    story: EVIL,
    frozen: true,
  })) as [Trace, Trace, Trace];
  const ended = {
    ...after.process!,
    outcome: 'crashed' as const,
    exitCode: 1,
    stderr: [EVIL, 'x'.repeat(1e6)],
  };
  const failure = { kind: 'failure', code: 'error', step: 17, message: EVIL } as const;
  const evil: Trace[] = [control, before, { ...after, process: ended, failure, defect: EVIL }];
  const evilFinding = finding({
    rule: EVIL,
    sentence: EVIL,
    subjects: Array(30).fill(EVIL),
    subjectCount: 900,
    seen: EVIL,
    expected: EVIL,
    likelyCause: EVIL,
    fix: 'x'.repeat(1e6),
  });
  const refuted = {
    outcome: 'refuted',
    proofs: { restored: 'proven', alive: 'refuted', faithful: 'refuted' },
  } as const;
  const judged = gate(
    [
      verdict({ scenario: 'healthy', runs: runsOf(folder, healthy) }),
      verdict({
        ...refuted,
        scenario: 'frozen',
        asExpected: false,
        headline: 'After resume 1 nothing moves.',
        mismatch: 'expected proven',
        runs: runsOf(folder, frozen),
        findings: [finding(), finding({ rule: 'loss-differs', sentence: 'The loss is off.' })],
      }),
      verdict({
        ...refuted,
        scenario: EVIL,
        about: EVIL,
        asExpected: false,
        headline: EVIL,
        mismatch: EVIL,
        replay: EVIL,
        noise: noise({ text: EVIL, exact: false, quantities: NOISY }),
        caveats: [EVIL],
        expect: [EVIL],
        backend: { ...backend, adapter: EVIL, driver: EVIL },
        findings: [evilFinding, evilFinding],
        runs: [
          ...runsOf(folder, evil),
          { id: EVIL, role: EVIL, trace: `../${EVIL}`, seconds: 1 },
          { id: 'x', role: 'x', trace: 'javascript:window.pwned=4', seconds: 1 },
        ],
      }),
    ],
    {
      backend: EVIL,
      problem: EVIL,
      startedAt: EVIL,
      origin: { commit: EVIL, branch: EVIL, job: EVIL, url: 'javascript:window.pwned=5' },
    },
  );
  const traces = new Map([
    ['healthy', healthy],
    ['frozen', frozen],
    [EVIL, evil],
  ]);
  return { ...(await writeReport(folder, judged, traces)), gate: judged };
}

/** A healthy scenario and a known fault that was caught. */
export async function writeGreen(folder: string): Promise<{ html: string }> {
  const sound = await traceSet(folder, 'sound');
  const caught = await traceSet(folder, 'stale-hooks', { frozen: true });
  const proofs = { restored: 'proven', alive: 'refuted', faithful: 'refuted' } as const;
  const judged = gate([
    verdict({ scenario: 'sound', runs: runsOf(folder, sound) }),
    verdict({
      scenario: 'stale-hooks',
      outcome: 'refuted',
      proofs,
      expect: ['silent-no-op'],
      findings: [finding()],
      headline: 'Nothing moves after resume 1.',
      runs: runsOf(folder, caught),
    }),
  ]);
  return writeReport(
    folder,
    judged,
    new Map([
      ['sound', sound],
      ['stale-hooks', caught],
    ]),
  );
}
