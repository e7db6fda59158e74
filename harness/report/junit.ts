/** The gate as JUnit XML: one suite, one case per scenario, a failure for each unexpected outcome. */
import path from 'node:path';
import { create } from 'xmlbuilder2';
import type { Finding, Gate, Verdict } from '../judge/verdict.ts';
import { fromCheckout } from './location.ts';
import { cutSentence, declarations, explaining, isGreen, reason } from './summary.ts';
import { count, cut, linkTo, xmlSafe } from './text.ts';

const MAX_FINDINGS = 20;
const MAX_SUBJECTS = 12;
const MAX_ATTACHMENTS = 20;

/**
 * Characters that XML 1.0 forbids are removed; long texts are cut.
 * @param folder of the report, relative to the working folder; a failure attaches the page and its traces in it
 */
export function junitXml(gate: Gate, folder: string | null = null): string {
  const failed = gate.verdicts.filter((verdict) => !verdict.asExpected).length;
  // The gate can fail although no scenario did. JUnit must then fail too.
  const orphan = !isGreen(gate) && failed === 0;
  const skipped = gate.verdicts.filter(isSkipped).length;
  const totals = {
    tests: String(gate.verdicts.length + (orphan ? 1 : 0)),
    failures: String(failed + (orphan ? 1 : 0)),
    errors: '0',
    skipped: String(skipped),
    time: seconds(gate.seconds),
  };
  const document = create({ version: '1.0', encoding: 'UTF-8' });
  const root = document.ele('testsuites', { name: 'resumeproof', ...totals });
  const suite = root.ele('testsuite', { name: 'resumeproof', ...totals, ...timestamp(gate.startedAt) });
  addProperties(suite, facts(gate));
  for (const verdict of gate.verdicts) addCase(suite, gate, verdict, folder);
  if (orphan) {
    const message = safe(gate.problem ?? 'the gate failed');
    suite
      .ele('testcase', { name: 'gate', classname: 'resumeproof', time: '0' })
      .ele('failure', { message, type: 'gate' });
  }
  return `${document.end({ prettyPrint: true })}\n`;
}

function addCase(
  suite: ReturnType<typeof create>,
  gate: Gate,
  verdict: Verdict,
  folder: string | null,
): void {
  const file = fromCheckout(gate.origin, verdict.file);
  const element = suite.ele('testcase', {
    name: safe(verdict.scenario),
    classname: safe(`resumeproof.${gate.backend}`),
    time: seconds(verdict.seconds),
    ...(file === undefined ? {} : { file: safe(file) }),
  });
  addProperties(element, factsOf(verdict));
  if (isSkipped(verdict)) element.ele('skipped', { message: safe(verdict.headline) });
  if (!verdict.asExpected) {
    element
      .ele('failure', { message: safe(reason(verdict)), type: verdict.outcome })
      .txt(safe(body(verdict), 65_536));
  }
  const lines = [cutSentence(verdict), ...declarations(verdict), ...verdict.caveats].filter(Boolean);
  const output = [
    ...(lines.length > 0 ? [safe(lines.join('\n'), 65_536)] : []),
    ...(folder === null || verdict.asExpected ? [] : attachments(gate, verdict, folder)),
  ];
  if (output.length > 0) element.ele('system-out').txt(output.join('\n'));
}

/** GitLab shows the first file, so the page comes first. Jenkins wants each on a line of its own. */
function attachments({ origin }: Gate, { runs }: Verdict, folder: string): string[] {
  const files = ['index.html', ...runs.map(({ trace }) => trace)];
  return files.slice(0, MAX_ATTACHMENTS).flatMap((file) => {
    const found = linkTo(file) && fromCheckout(origin, path.posix.join(folder, file));
    return found && !/[\]\p{Cc}]/u.test(found) ? [`[[ATTACHMENT|${escaped(found)}]]`] : [];
  });
}

function addProperties(
  element: ReturnType<typeof create>,
  facts: readonly (readonly [string, string | null | undefined])[],
): void {
  const known = facts.flatMap(([name, value]) => (value == null ? [] : [{ name, value: safe(value) }]));
  if (known.length === 0) return;
  const properties = element.ele('properties');
  for (const property of known) properties.ele('property', property);
}

/** Scenarios of one gate may have run on two backends. */
const factsOf = ({ backend, findings, cause }: Verdict) =>
  [
    ['backend', backend?.name],
    ['adapter', backend?.adapter],
    ['rule', findings[0]?.rule],
    ['cause', cause],
  ] as const;

function body(verdict: Verdict): string {
  const lines = [verdict.headline, ...(verdict.mismatch === null ? [] : [verdict.mismatch]), ''];
  for (const finding of verdict.findings.slice(0, MAX_FINDINGS)) lines.push(...describe(finding), '');
  const more = verdict.findings.length - MAX_FINDINGS;
  if (more > 0) lines.push(`and ${count(more, 'more finding')}`, '');
  return [...lines, `run again: ${cut(verdict.replay, 2000)}`].join('\n');
}

function describe(finding: Finding): string[] {
  const subjects = finding.subjects.slice(0, MAX_SUBJECTS).map((subject) => cut(subject, 200));
  const more = Math.max(finding.subjectCount, finding.subjects.length) - subjects.length;
  const where = [
    finding.step === null ? '' : `step ${finding.step}`,
    finding.resume > 0 ? `resume ${finding.resume}` : '',
  ];
  const place = where.filter(Boolean).join(', ');
  return [
    `${finding.proof} / ${finding.rule}${place === '' ? '' : ` (${place})`}: ${cut(finding.sentence, 2000)}`,
    `  expected: ${cut(finding.expected, 2000)}`,
    `  seen:     ${cut(finding.seen, 2000)}`,
    `  cause:    ${cut(finding.likelyCause, 2000)}`,
    `  fix:      ${cut(finding.fix, 2000)}`,
    `  see:      ${explaining(finding.rule)}`,
    ...(subjects.length === 0
      ? []
      : [`  subjects: ${subjects.join(', ')}${more > 0 ? ` and ${more} more` : ''}`]),
  ];
}

function facts(gate: Gate): [string, string | null][] {
  const backend = gate.verdicts.find((verdict) => verdict.backend !== null)?.backend;
  const known: [string, string][] = backend
    ? [
        ['adapter', backend.adapter],
        ['hardware', String(backend.hardware)],
      ]
    : [];
  const { commit, branch } = gate.origin;
  return [['backend', gate.backend], ...known, ['commit', commit], ['branch', branch]];
}

/** An unexpected skip is a failure: nothing passes by default. */
function isSkipped(verdict: Verdict): boolean {
  return verdict.outcome === 'skipped' && verdict.asExpected;
}

/** A text that is no attachment: CI would copy the file that it names. */
function safe(text: string, limit = 2000): string {
  return escaped(cut(text, limit)).replaceAll(/\[\[(?=\s*ATTACHMENT)/gi, '[ [');
}

// xmlbuilder2 does not escape entities such as `&lt;` in a text, so a reader would see `<`.
const escaped = (text: string): string => xmlSafe(text).replaceAll('&', '&amp;');

function seconds(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3) : '0';
}

function timestamp(startedAt: string): { timestamp?: string } {
  const date = new Date(startedAt);
  return Number.isNaN(date.getTime()) ? {} : { timestamp: date.toISOString() };
}
