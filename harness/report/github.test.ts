import fc from 'fast-check';
import { expect, test } from 'vitest';
import { annotations } from './github.ts';
import { finding, gate, verdict } from './testing/build.ts';

const bad = { outcome: 'refuted', asExpected: false, headline: 'Nothing moves.' } as const;
const origin = { commit: null, branch: null, job: null, url: null, folder: 'packages/train' };

test('an error for what is not as expected, at the line that failed if it is known, and a warning for a caveat', () => {
  const judged = gate(
    [
      verdict({
        ...bad,
        scenario: 'frozen',
        file: 'scenarios/frozen.ts',
        findings: [finding()],
        cause: 'hooks-lost',
      }),
      verdict({ ...bad, scenario: 'thrown', file: 'scenarios/thrown.ts', replay: 'npx 100%' }),
      verdict({ ...bad, scenario: 'judged', replay: 'x' }),
      verdict({ scenario: 'sound', file: '../../../outside.ts', caveats: ['50%: a\r\nkernel, unverified'] }),
    ],
    { origin },
  );
  const code = new Map([['thrown', ['../lib/a,b.ts:12:3', '> 12 | throw']]]);
  expect(annotations(judged, code).split('\n')).toEqual([
    '::error file=packages/train/scenarios/frozen.ts,line=1,title=frozen%3A hooks-lost::Nothing moves.%0ALikely cause: the gradient hooks hold the parameter group from before the restore, and its learning rate is 0%0AFix: register the hooks after everything is restored%0ARun again: npx resumeproof run scenarios/adam-dit.ts --seed 7',
    '::error file=packages/lib/a%2Cb.ts,line=12,title=thrown::Nothing moves.%0ARun again: npx 100%25',
    '::error title=judged::Nothing moves.%0ARun again: x',
    '::warning title=sound::50%25: a‹U+000D›%0Akernel, unverified',
    '',
  ]);
});

test('a gate that failed although no scenario did gives an error too, and a green one nothing', () => {
  const problem = 'Interrupted: 1 of 2 scenarios finished';
  expect(annotations(gate([verdict()], { passed: false, problem }), new Map())).toBe(
    `::error title=resumeproof::${problem}\n`,
  );
  expect(annotations(gate([], { passed: true }), new Map())).toMatch(/^::error title=resumeproof::/);
  expect(annotations(gate([verdict()]), new Map())).toBe('');
});

test('no text begins a command of its own or adds a property', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      const evil = `a,line=9::b\r\n::stop-commands::x%0A${text}`;
      const own = { scenario: evil, file: evil, headline: evil, cause: evil, replay: evil, caveats: [evil] };
      const lines = annotations(gate([verdict({ ...bad, ...own, findings: [finding()] })]), new Map()).split(
        '\n',
      );
      expect(lines).toHaveLength(3);
      for (const line of lines.slice(0, 2))
        expect(line).toMatch(/^::(?:error|warning) file=[^,:\r\n]*,line=1,title=[^,:\r\n]*::[^\r\n]*$/);
    }),
  );
});
