import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { finding, verdict } from '../report/testing/build.ts';
import { summary } from './gate-summary.ts';
import { widthOf, wrapped } from './layout.ts';
import { liveLines } from './live-lines.ts';
import { formatTable } from './table.ts';
import { hasColours, isLive, painted } from './terminal.ts';
import { verdictLines } from './verdict-lines.ts';
import { openWindow } from './window.ts';

const running = (count: number, name = 'a-scenario') =>
  Array.from({ length: count }, (_, index) => ({
    scenario: `${name}-${index}`,
    steps: 12,
    processes: new Map([
      ['control', 12],
      ['before', 7],
    ]),
  }));

const state = { running: running(2), total: 48, done: 13, failed: 2, seconds: 15 };

test('the live view shows what runs, and one line of what is done, failed and left', () => {
  expect(liveLines(state, { columns: 80, rows: 24, spinner: '⠋' })).toEqual([
    '⠋ a-scenario-0  control 12/12 · before 7/12',
    '⠋ a-scenario-1  control 12/12 · before 7/12',
    '13/48 · 2 ✗ · 41 s left',
  ]);
  const last = (own: Partial<typeof state>) =>
    liveLines({ ...state, ...own }, { columns: 80, rows: 24, spinner: '⠋' }).at(-1);
  expect(last({ done: 0, failed: 0 })).toBe('0/48 · 15 s');
  expect(last({ failed: 0, seconds: 300 })).toBe('13/48 · 14 min left');
});

test('the live view fits into every window, whatever runs', () => {
  fc.assert(
    fc.property(
      fc.nat(40),
      fc.string({ unit: 'grapheme', maxLength: 120 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 2, max: 130 }),
      (count, name, rows, columns) => {
        const size = { rows, columns, spinner: '⠋' };
        const lines = liveLines({ ...state, running: running(count, name) }, size);
        expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
        for (const line of lines) expect(widthOf(line)).toBeLessThan(columns);
        // It says of those that it does not show.
        if (count > rows - 2 && rows > 3 && columns > 20) expect(lines.at(-2)).toMatch(/^ {2}and \d+ more$/);
      },
    ),
  );
});

test('the window rewrites its own lines, and what others write stands above them', () => {
  const stream = Object.assign(new PassThrough(), {
    columns: 20,
    isTTY: true,
  }) as never as NodeJS.WriteStream;
  const before = stream.write;
  const window = openWindow(stream, [stream]);
  window.draw(['one', 'two']);
  stream.write('failed\n');
  window.draw(['three']);
  window.close();
  expect(stream.write).toBe(before);
  const text = String((stream as never as PassThrough).read());
  const plain = text.replaceAll('\u001b', '␛').replaceAll(/␛\[\?(?:2026|25)[hl]/g, '');
  expect(plain).toBe('one\ntwo\n␛[2A␛[Jfailed\none\ntwo\n␛[2A␛[Jthree\n␛[1A␛[J');
  expect(text.endsWith('\u001b[?25h')).toBe(true);
});

const failed = verdict({
  scenario: 'broken',
  asExpected: false,
  outcome: 'refuted',
  expect: 'proven',
  headline: `After resume 1, ${'the moments were zeroed; '.repeat(6)}and more.`,
  findings: [finding({ likelyCause: `${'cause '.repeat(20)}c`, fix: `${'fix '.repeat(30)}f` })],
});

test('under a failure stand the diagnosis, the likely cause and the fix, wrapped; a success is one line', () => {
  const lines = verdictLines(failed, 80);
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80);
  expect(lines[0]).toMatch(/^✗ broken: refuted, NOT AS EXPECTED/);
  expect(lines.map((line) => line.trim()).join(' ')).toContain(
    `${failed.headline} likely cause: ${failed.findings[0]!.likelyCause} fix: ${failed.findings[0]!.fix}`,
  );
  expect(verdictLines({ ...failed, asExpected: true, outcome: 'proven' }, 80)).toHaveLength(1);
  // A log keeps each on one line.
  expect(verdictLines(failed, Number.POSITIVE_INFINITY)).toHaveLength(4);
  const gate = { passed: false, problem: null, seconds: 1, baselines: [], verdicts: [failed] } as never;
  const report = { html: 'x/index.html', junit: '', json: '' };
  expect(summary({ gate, report }, undefined, 80)).toContain(lines.slice(-4).join('\n'));
});

const word = fc.stringMatching(/^[a-z-]{1,30}$/);
const cell = fc.array(word, { maxLength: 6 }).map((words) => words.join(' '));

test('tables and paragraphs break between words only, and fit where their words do', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 4 }), (rows) => {
      const table = formatTable(['One', 'Two', 'Three'], rows, 80);
      const told = table.split(/\s+/).filter(Boolean).sort();
      expect(told).toEqual(
        ['One', 'Two', 'Three', ...rows.flat().join(' ').split(' ')].filter(Boolean).sort(),
      );
      const words = Math.max(...rows.flat().flatMap((text) => text.split(' ').map(widthOf)));
      // Three columns of words of at most 24 columns, and two gaps.
      if (words <= 24) for (const line of table.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(80);
    }),
  );
  expect(wrapped('a bb ccc dddddddd e', 6, '- ', '  ')).toEqual(['- a bb', '  ccc', '  dddddddd', '  e']);
});

test('a gate’s table fits 80 columns with the longest name of this repository', () => {
  const name = 'optimizer-rmsprop-centered-zero-gradient';
  const proofs = ['✗ refuted', '✗ refuted', '✗ refuted'];
  const head = ['', 'Scenario', 'Restored', 'Alive', 'Faithful', 'Verdict', 'Time'];
  const table = formatTable(
    head,
    [
      ['✓', name, ...proofs, 'refuted, as expected', '12.5 s'],
      ['✓', 'healthy', ...proofs, 'proven', '1.5 s'],
    ],
    80,
  );
  expect(table.split('\n')).toEqual([
    '   Scenario  Restored   Alive      Faithful   Verdict      Time',
    `✓  ${name}`,
    '             ✗ refuted  ✗ refuted  ✗ refuted  refuted, as  12.5 s',
    '                                              expected',
    '✓  healthy   ✗ refuted  ✗ refuted  ✗ refuted  proven       1.5 s',
  ]);
});

test.each<[Record<string, string>, boolean, boolean, boolean]>([
  [{}, true, true, true],
  [{}, false, false, false],
  [{ NO_COLOR: '1' }, true, false, true],
  [{ NO_COLOR: '' }, true, true, true],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true, false],
  [{ FORCE_COLOR: '0' }, true, false, true],
  [{ CI: 'true' }, true, true, false],
  [{ CI: 'false' }, true, true, true],
  [{ TERM: 'dumb' }, true, false, false],
])('with %j, terminal %s: colours %s, live %s', (env, isTTY, colours, isLiveView) => {
  expect(hasColours({ isTTY }, env)).toBe(colours);
  expect(isLive([{ isTTY: true }, { isTTY }], env)).toBe(isLiveView);
});

test('colours add to a text and change nothing in it', () => {
  const text = `${verdictLines(failed, 80).join('\n')}\n! caveat\n✓ proven  ? inconclusive`;
  expect(painted(text)).not.toBe(text);
  expect(stripVTControlCharacters(painted(text))).toBe(text);
});
