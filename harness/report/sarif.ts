/** The gate in SARIF 2.1.0, which GitHub's code scanning and editors read. */
import { EXPLANATIONS } from '../judge/explanations.ts';
import { RULES } from '../judge/rules/index.ts';
import type { Gate, Verdict } from '../judge/verdict.ts';
import { findingIds } from './finding-ids.ts';
import { fromCheckout } from './location.ts';
import { explaining, reason } from './summary.ts';
import { cut, visible } from './text.ts';

const MAX_TEXT = 2000;

/** Of a scenario that is not as expected although nothing refutes it. */
const NOT_AS_EXPECTED = 'not-as-expected';

/** @param version of this package */
export function sarif(gate: Gate, version: string): Record<string, unknown> {
  const { commit, branch } = gate.origin;
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'resumeproof', version, rules: DESCRIPTIONS } },
        // Keeps apart the results of gates on several backends.
        automationDetails: { id: `resumeproof/${gate.backend}/` },
        invocations: [invocation(gate)],
        results: gate.verdicts
          .filter(({ asExpected }) => !asExpected)
          .flatMap((verdict) => resultsOf(gate, verdict)),
        properties: { commit, branch, backend: gate.backend },
      },
    ],
  };
}

function invocation({ problem, startedAt }: Gate): Record<string, unknown> {
  const date = new Date(startedAt);
  return {
    executionSuccessful: problem === null,
    ...(Number.isNaN(date.getTime()) ? {} : { startTimeUtc: date.toISOString() }),
    toolExecutionNotifications:
      problem === null ? [] : [{ level: 'error', message: { text: message(problem) } }],
  };
}

const DESCRIPTIONS = [
  ...RULES.map(({ id, proof, claim, reads, speaks }) =>
    description(id, claim, [`It reads ${reads}.`, `Earliest finding: ${speaks}.`], proof),
  ),
  description(
    NOT_AS_EXPECTED,
    'Each scenario has the outcome that it expects.',
    ['Nothing passes by default: what was skipped or could not be judged is not proven.'],
    'run',
  ),
];

function description(id: string, claim: string, more: readonly string[], proof: string) {
  const { example, likelyCauses, fixes } = EXPLANATIONS[id] ?? {};
  const see =
    example === undefined
      ? []
      : [
          `For example: ${example.sentence} Expected: ${example.expected}. Seen: ${example.seen}.`,
          `Likely cause: ${likelyCauses!.join('; or ')}.`,
          `How to fix: ${fixes!.join('; or ')}.`,
          `${explaining(id)} prints this.`,
        ];
  return {
    id,
    shortDescription: { text: claim },
    fullDescription: { text: [claim, ...more].join(' ') },
    help: {
      text: [claim, ...more, ...see].join('\n'),
      markdown: [`**${claim}**`, ...more, ...see].join('\n\n'),
    },
    defaultConfiguration: { level: 'error' },
    properties: { proof, tags: [proof] },
  };
}

const INDEX = new Map(DESCRIPTIONS.map(({ id }, index) => [id, index]));

function resultsOf(gate: Gate, verdict: Verdict): Record<string, unknown>[] {
  const refuting = verdict.findings.filter(({ refutes }) => refutes);
  // A gate that failed never looks clean.
  if (refuting.length === 0) {
    const properties = { outcome: verdict.outcome, replay: visible(verdict.replay) };
    return [result(gate, verdict, NOT_AS_EXPECTED, NOT_AS_EXPECTED, reason(verdict), properties)];
  }
  const ids = findingIds(verdict.findings);
  return refuting.map((finding) =>
    result(gate, verdict, finding.rule, ids.get(finding)!, finding.sentence, {
      expected: visible(finding.expected),
      seen: visible(finding.seen),
      cause: verdict.cause,
      likelyCause: visible(finding.likelyCause),
      fix: visible(finding.fix),
      replay: visible(verdict.replay),
    }),
  );
}

function result(
  gate: Gate,
  { scenario, file }: Verdict,
  rule: string,
  finding: string,
  sentence: string,
  properties: Record<string, string | null>,
): Record<string, unknown> {
  const fingerprint = `${visible(scenario, 200)}/${visible(finding, 200)}`;
  const index = INDEX.get(rule);
  const uri = fromCheckout(gate.origin, file);
  return {
    ruleId: visible(rule, 200),
    ...(index === undefined ? {} : { ruleIndex: index }),
    level: 'error',
    message: { text: message(sentence) },
    locations: [
      {
        ...(uri === undefined
          ? {}
          : {
              physicalLocation: {
                artifactLocation: {
                  uri: uri.split('/').map(encodeURIComponent).join('/'),
                  uriBaseId: '%SRCROOT%',
                },
                region: { startLine: 1 },
              },
            }),
        logicalLocations: [{ name: visible(scenario, 200), kind: 'module' }],
      },
    ],
    fingerprints: { 'resumeproof/v1': fingerprint },
    // GitHub reads only this one, and takes two results with the same one and the same rule for one.
    partialFingerprints: { primaryLocationLineHash: fingerprint },
    properties,
  };
}

/** A text without the links and placeholders that SARIF reads in messages. */
const message = (text: string): string =>
  cut(visible(text), MAX_TEXT)
    .replaceAll(/\](?=\()/g, '] ')
    .replaceAll(/[{}]/g, '$&$&');
