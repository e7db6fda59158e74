import fc from 'fast-check';
import { expect, test } from 'vitest';
import { create } from 'xmlbuilder2';
import { junitXml } from './junit.ts';
import { finding, gate, verdict } from './testing/build.ts';

const parse = (xml: string): unknown => create(xml).end({ format: 'object' });

test('an unexpected outcome is a failure, a skipped scenario a skip, a caught fault a pass', () => {
  const headline = 'Nothing moves.';
  const xml = junitXml(
    gate([
      verdict({ scenario: 'sound', seconds: 1.25 }),
      verdict({ scenario: 'known-bad', outcome: 'refuted', expect: ['alive/hooks'], findings: [finding()] }),
      verdict({ scenario: 'broken', outcome: 'refuted', asExpected: false, headline, findings: [finding()] }),
      verdict({ scenario: 'missed', asExpected: false, mismatch: 'alive/hooks was not found' }),
      verdict({ scenario: 'absent', outcome: 'skipped', headline: 'no GPU' }),
      verdict({ scenario: 'gone', outcome: 'skipped', asExpected: false, mismatch: 'must not be skipped' }),
    ]),
  );
  const one = (name: string, rule?: string) => ({
    '@name': name,
    '@classname': 'resumeproof.webgpu',
    '@time': '12.400',
    properties: {
      property: [
        { '@name': 'backend', '@value': 'webgpu' },
        { '@name': 'adapter', '@value': 'google swiftshader' },
        ...(rule === undefined ? [] : [{ '@name': 'rule', '@value': rule }]),
      ],
    },
  });
  const failure = (message: string, type: string, body: string) => ({
    failure: { '@message': message, '@type': type, '#': expect.stringContaining(body) },
  });
  expect(parse(xml)).toMatchObject({
    testsuites: {
      testsuite: {
        '@tests': '6',
        '@failures': '3',
        '@skipped': '1',
        '@timestamp': '2026-03-01T10:00:00.000Z',
        properties: {
          property: expect.arrayContaining([{ '@name': 'adapter', '@value': 'google swiftshader' }]),
        },
      },
    },
  });
  expect(parse(xml)).toHaveProperty('testsuites.testsuite.testcase', [
    { ...one('sound'), '@time': '1.250' },
    one('known-bad', 'silent-no-op'),
    {
      ...one('broken', 'silent-no-op'),
      ...failure(headline, 'refuted', 'cause:    the gradient hooks hold the parameter group'),
    },
    { ...one('missed'), ...failure('alive/hooks was not found', 'proven', 'run again: npx resumeproof run') },
    { ...one('absent'), skipped: { '@message': 'no GPU' } },
    { ...one('gone'), ...failure('must not be skipped', 'skipped', 'must not be skipped') },
  ]);
});

test('each finding links to the section of its rule', () => {
  const xml = junitXml(gate([verdict({ outcome: 'refuted', asExpected: false, findings: [finding()] })]));
  expect(xml).toContain(`see:      resumeproof explain ${finding().rule}`);
});

test('a failure names its file, its cause and the commit, and attaches the page and its traces', () => {
  const runs = ['control', 'after-1'].map((id) => ({
    id,
    role: id,
    trace: `a&b/${id}/trace.jsonl`,
    seconds: 1,
  }));
  const own = { scenario: 'a&b', file: 'scenarios/a&b.ts', runs };
  const broken = verdict({ ...own, outcome: 'refuted', asExpected: false, cause: 'hooks-lost' });
  const origin = { commit: 'abc', branch: 'main', job: null, url: null, folder: 'packages/train' };
  const judged = gate([broken, verdict({ ...own, file: '../../../elsewhere.ts' })], { origin });
  const document = parse(junitXml(judged, 'reports/one'));
  const properties = (...named: [string, string][]) =>
    named.map(([name, value]) => ({ '@name': name, '@value': value }));
  expect(document).toHaveProperty(
    'testsuites.testsuite.properties.property',
    expect.arrayContaining(properties(['commit', 'abc'], ['branch', 'main'])),
  );
  const [red, green] = (document as { testsuites: { testsuite: { testcase: Record<string, unknown>[] } } })
    .testsuites.testsuite.testcase;
  expect(red).toMatchObject({
    // This parser leaves entities as they are.
    '@file': 'packages/train/scenarios/a&amp;b.ts',
    properties: { property: expect.arrayContaining(properties(['cause', 'hooks-lost'])) },
    'system-out': [
      '[[ATTACHMENT|packages/train/reports/one/index.html]]',
      '[[ATTACHMENT|packages/train/reports/one/a&amp;b/control/trace.jsonl]]',
      '[[ATTACHMENT|packages/train/reports/one/a&amp;b/after-1/trace.jsonl]]',
    ].join('\n'),
  });
  // A file that CI did not check out cannot be shown.
  expect(green).not.toHaveProperty('@file');
  expect(green).not.toHaveProperty('system-out');
});

test('no text and no path of a trace can attach a file', () => {
  const evil = '\n[[ATTACHMENT|/etc/passwd]]\n';
  const runs = [evil, '../../secret', 'a]]\n[[ATTACHMENT|b'].map((trace) => ({
    id: evil,
    role: evil,
    trace,
    seconds: 1,
  }));
  const one = verdict({
    headline: evil,
    caveats: [evil],
    asExpected: false,
    runs,
    findings: [finding({ seen: evil })],
  });
  const xml = junitXml(gate([one]), 'reports/one');
  expect(xml.match(/\[\[ATTACHMENT.*/g)).toEqual([
    expect.stringMatching(/^\[\[ATTACHMENT\|reports\/one\/index\.html\]\]/),
  ]);
  expect(xml).toContain('[ [ATTACHMENT|/etc/passwd]]');
});

test('a gate that failed although no scenario did fails in JUnit too', () => {
  const red = [
    gate([], { passed: true }),
    gate([verdict()], { passed: false, problem: 'no scenario matched x' }),
  ];
  for (const one of red) {
    expect(parse(junitXml(one))).toHaveProperty(['testsuites', '@failures'], '1');
    expect(parse(junitXml(one))).toHaveProperty('testsuites.testsuite.testcase');
  }
  expect(parse(junitXml(gate([verdict()])))).toHaveProperty(['testsuites', '@failures'], '0');
});

test('any text is escaped and holds no character that XML forbids', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      const evil = `${text}\u0000\u001f]]>"'&<script>x</script>`;
      const findings = [finding({ seen: evil, subjects: [evil] })];
      const xml = junitXml(gate([verdict({ scenario: evil, headline: evil, asExpected: false, findings })]));
      expect(xml).not.toMatch(/[^\P{Cc}\t\n\r\u{80}-\u{9f}\u{7f}]|\p{Cs}|\ufffe|\uffff/u);
      expect(xml).not.toContain('<script');
      expect(xml).not.toContain(']]>');
      expect(xml.match(/]]&gt;"'&amp;&lt;script&gt;x&lt;\/script&gt;/g)).toHaveLength(3);
    }),
  );
});

test('megabyte strings give small XML', () => {
  const long = 'x'.repeat(1_000_000);
  const subjects = Array<string>(500).fill(long);
  const findings = Array.from({ length: 200 }, () => finding({ seen: long, subjects, subjectCount: 500 }));
  expect(junitXml(gate([verdict({ headline: long, asExpected: false, findings })])).length).toBeLessThan(
    100_000,
  );
});
