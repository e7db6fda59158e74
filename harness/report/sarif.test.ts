import { expect, test } from 'vitest';
import { RULES } from '../judge/rules/index.ts';
import { sarif } from './sarif.ts';
import { finding, gate, verdict } from './testing/build.ts';

interface Result {
  readonly ruleId: string;
  readonly ruleIndex?: number;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly locations: readonly {
    readonly physicalLocation?: { readonly artifactLocation: { readonly uri: string } };
  }[];
  readonly fingerprints: Readonly<Record<string, string>>;
  readonly partialFingerprints: { readonly primaryLocationLineHash: string };
  readonly properties: Readonly<Record<string, string | null>>;
}

interface Log {
  readonly version: string;
  readonly runs: readonly {
    readonly tool: {
      readonly driver: {
        readonly name: string;
        readonly rules: readonly {
          readonly id: string;
          readonly help: { readonly text: string; readonly markdown: string };
        }[];
      };
    };
    readonly invocations: readonly Readonly<Record<string, unknown>>[];
    readonly results: readonly Result[];
  }[];
}

const logOf = (...judged: Parameters<typeof gate>): Log =>
  JSON.parse(JSON.stringify(sarif(gate(...judged), '1.2.3'))) as Log;
const bad = { outcome: 'refuted', asExpected: false } as const;
const origin = { commit: 'abc', branch: 'main', job: null, url: null, folder: 'packages/train' };

test('each finding that refutes is a result at the file of its scenario, and stays itself from run to run', () => {
  const findings = [
    finding(),
    finding({ resume: 2, seen: 'nothing' }),
    finding({ resume: 2, refutes: false }),
    finding({ resume: 2 }),
  ];
  const broken = verdict({
    ...bad,
    scenario: 'frozen',
    file: 'scenarios/fro zen.ts',
    cause: 'hooks-lost',
    findings,
  });
  const expected = verdict({ outcome: 'refuted', expect: ['silent-no-op'], findings });
  const [run] = logOf([broken, expected, verdict()], { origin }).runs;
  const { rules } = run!.tool.driver;
  expect(run!.results).toHaveLength(3);
  const [first, second, third] = run!.results;
  expect(first).toMatchObject({
    ruleId: 'silent-no-op',
    level: 'error',
    message: { text: finding().sentence },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: 'packages/train/scenarios/fro%20zen.ts', uriBaseId: '%SRCROOT%' },
          region: { startLine: 1 },
        },
      },
    ],
    properties: { expected: finding().expected, seen: finding().seen, cause: 'hooks-lost' },
  });
  expect(rules[first!.ruleIndex!]!.id).toBe('silent-no-op');
  const prints = [first, second, third].map((one) => one!.fingerprints['resumeproof/v1']);
  // The ids of the report's page.
  expect(prints).toEqual(['frozen/silent-no-op@1', 'frozen/silent-no-op@2', 'frozen/silent-no-op@2.3']);
  expect(second!.partialFingerprints.primaryLocationLineHash).toBe(prints[1]);
});

test('what is not as expected is a result even if nothing refutes it, and so is a gate that failed otherwise', () => {
  const skipped = verdict({ outcome: 'skipped', asExpected: false, mismatch: 'must not be skipped' });
  const [run] = logOf([skipped], { problem: 'Interrupted {0}' }).runs;
  expect(run!.results).toMatchObject([
    { ruleId: 'not-as-expected', message: { text: 'must not be skipped' } },
  ]);
  expect(run!.results[0]!.locations[0]).not.toHaveProperty('physicalLocation');
  expect(run!.invocations).toMatchObject([
    {
      executionSuccessful: false,
      toolExecutionNotifications: [{ level: 'error', message: { text: 'Interrupted {{0}}' } }],
    },
  ]);
});

// No package here has the official schema.
test('the log has the members that the specification requires, and none that it forbids', () => {
  const evil = '[a](https://evil.example) {0}\u202e';
  const findings = [finding({ rule: 'unheard-of', sentence: evil, expected: evil })];
  const log = logOf([
    verdict({ ...bad, scenario: evil, findings }),
    verdict({ ...bad, findings: [finding()] }),
  ]);
  expect(log.version).toBe('2.1.0');
  const [run] = log.runs;
  const { name, rules } = run!.tool.driver;
  expect(name).toBe('resumeproof');
  expect(run!.invocations[0]!.executionSuccessful).toBe(true);
  expect(run!.invocations[0]!.startTimeUtc).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(new Set(rules.map(({ id }) => id)).size).toBe(RULES.length + 1);
  for (const rule of rules)
    expect(rule).toMatchObject({
      shortDescription: { text: expect.stringMatching(/\S/) },
      fullDescription: { text: expect.stringMatching(/\S/) },
      help: { text: expect.stringMatching(/\S/), markdown: expect.stringMatching(/^\*\*/) },
    });
  // Whoever reads it elsewhere has no repository to look a rule up in.
  for (const { help } of rules.slice(0, -1))
    for (const text of [help.text, help.markdown])
      expect(text).toMatch(
        /For example: [\s\S]+Likely cause: [\s\S]+How to fix: [\s\S]+resumeproof explain [\w-]+/,
      );
  for (const { ruleId, ruleIndex, message, level, fingerprints } of run!.results) {
    // An index, if any, is that of the same id.
    if (ruleIndex !== undefined) expect(rules[ruleIndex]!.id).toBe(ruleId);
    expect(message.text).not.toMatch(/\]\(|(?<!\{)\{(?!\{)|\u202e/); // No placeholder, and no link.
    expect(['none', 'note', 'warning', 'error']).toContain(level);
    expect(Object.values(fingerprints)).toEqual([expect.any(String)]);
  }
  expect(run!.results.map(({ ruleId }) => ruleId)).toEqual(['unheard-of', 'silent-no-op']);
});
