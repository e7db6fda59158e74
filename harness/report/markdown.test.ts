import fc from 'fast-check';
import { expect, test } from 'vitest';
import { markdown } from './markdown.ts';
import { finding, gate, verdict } from './testing/build.ts';

const bad = { outcome: 'refuted', asExpected: false, headline: 'Nothing moves.' } as const;

test('what is not as expected is a table with cause and fix, the rest is folded, and the job is linked', () => {
  const broken = verdict({ ...bad, scenario: 'frozen', file: 'scenarios/frozen.ts', findings: [finding()] });
  const known = verdict({ scenario: 'known', outcome: 'refuted', expect: ['silent-no-op'], seconds: 2 });
  const caveats = ['A kernel is not verified.'];
  const origin = {
    commit: '0123456789abcdef',
    branch: 'main',
    job: 'GitHub Actions 7',
    url: 'https://example.org/a/b/actions/runs/7',
    folder: 'packages/train',
  };
  const judged = gate([verdict({ caveats }), broken, known], { origin });
  expect(markdown(judged, 'reports/one/index.html')).toBe(`### ❌ resumeproof

Failed in frozen: Nothing moves.

| Scenario | Diagnosis | Likely cause | Fix |
| --- | --- | --- | --- |
| frozen<br><code>packages/train/scenarios/frozen.ts</code> | Nothing moves. | the gradient hooks hold the parameter group from before the restore, and its learning rate is 0 | register the hooks after everything is restored |

<details><summary>2 scenarios as expected</summary>

- adam-dit: proven (12.4 s)
- known: refuted, caught as expected (2.00 s)

</details>

**Caveats**

- adam-dit: A kernel is not verified.

Ran on webgpu: google swiftshader (GPU emulated in software; driver vulkan), 61.2 s in total. Commit <code>0123456789ab</code> of <code>main</code>.

The report, <code>packages/train/reports/one/index.html</code>, is among the artifacts of [GitHub Actions 7](https://example.org/a/b/actions/runs/7) if the job uploads them.
`);
  expect(markdown(gate([]), null)).toMatch(/^### ❌ resumeproof\n\nFailed: no scenario was judged/);
});

test('any text stays a text: it makes no markup, no link, no mention and no row', () => {
  const likely = fc.constantFrom(
    ...'\\`*_[]()|~#$!<>&@:/\n\r',
    '-->',
    '</details>',
    'https://x.y',
    'www.x.y',
    '![i](u)',
  );
  const text = fc.array(fc.oneof(likely, fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 12 });
  const empty = markdown(gate([verdict({ ...bad, scenario: '', findings: [finding()] })]), null);
  fc.assert(
    fc.property(text, (parts) => {
      const evil = parts.join('');
      const origin = { commit: null, branch: null, job: evil, url: `javascript:${evil}` };
      const own = { scenario: evil, headline: evil, file: `${evil}.ts`, caveats: [`${evil}.`] };
      const findings = [finding({ likelyCause: evil, fix: evil })];
      const judged = gate([verdict({ ...bad, ...own, findings }), verdict(own)], { origin });
      const shown = markdown(judged, null);
      // What the reporter itself writes.
      const rest = shown
        .replaceAll(/<\/?details>|<\/?summary>|<br>|<\/?code>|\*\*Caveats\*\*|^### /gm, '')
        .replaceAll(/\\[!-/:-@[-`{-~]|&(?:amp|lt|gt|#64);/g, '')
        .replaceAll(/^\| .*\|$/gm, (row) => {
          expect(row.split('|')).toHaveLength(6);
          return '';
        });
      expect(rest).not.toMatch(/[\\`*_[\]|~#$!<>@]|:\/\/|www\./i);
      expect(shown.split('\n').filter((line) => line.startsWith('|'))).toHaveLength(
        empty.split('\n').filter((line) => line.startsWith('|')).length,
      );
    }),
  );
});

test('the largest gate stays below the 1 MiB that GitHub takes', () => {
  const evil = '<'.repeat(5000);
  const hidden = '\u202e'.repeat(5000);
  const own = { ...bad, scenario: evil, headline: evil, caveats: [hidden, evil] };
  const red = Array.from({ length: 1000 }, (_, index) =>
    verdict({
      ...own,
      caveats: [`${index}${evil}`],
      findings: [finding({ likelyCause: evil, fix: hidden })],
    }),
  );
  const green = Array.from({ length: 5000 }, () => verdict({ scenario: hidden }));
  const shown = markdown(gate([...red, ...green]), null);
  expect(Buffer.byteLength(shown)).toBeLessThan(2 ** 20);
  expect(shown).toContain('And 940 more scenarios not as expected, in the report.');
  expect(shown).toContain('- and 4700 more');
});
