import { Writable } from 'node:stream';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { verdict } from '../report/testing/build.ts';
import { UsageError } from '../run/usage-error.ts';
import { openCounter } from './counter.ts';
import { fail, say } from './exit.ts';
import { print, printJson } from './print.ts';
import { openDisplay } from './progress.ts';
import { formatTable } from './table.ts';

afterEach(() => vi.restoreAllMocks());

/** Sequences that clear a screen, set its title, move the cursor or turn the text around, among other text. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom(
        '\u001b[2J',
        '\u001b]0;x\u0007',
        '\u009b31m',
        '\r',
        '\b',
        '\u202e',
        '\u2066',
        '\u{e0041}',
      ),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));

/** What is written to the terminal. */
function written(act: () => void): string {
  let text = '';
  const take = (chunk: unknown) => {
    text += chunk;
    return true;
  };
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(take),
  );
  act();
  for (const spy of spies) spy.mockRestore();
  return text;
}

const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

test.each<[string, (text: string) => void]>([
  ['text', print],
  ['a line', say],
  ['a stack', (text) => fail(new Error(text))],
  ['wrong usage', (text) => fail(new UsageError(text))],
  ['a table', (text) => print(formatTable([text], [[text, 1]]))],
  [
    'progress',
    (text) => openDisplay([]).verdict(verdict({ scenario: text, headline: text, asExpected: false })),
  ],
  [
    'a counter',
    (text) => {
      const stream = new Writable({
        write(chunk, _, done) {
          process.stderr.write(String(chunk));
          done();
        },
      });
      openCounter(stream as NodeJS.WriteStream).say(text);
    },
  ],
])('%s shows every hidden character and sends none to the terminal', (_, act) => {
  fc.assert(
    fc.property(hostile, (text) => {
      const shown = written(() => act(text));
      expect(shown.replaceAll(/[\n\t]/g, '')).not.toMatch(HIDDEN);
    }),
  );
  expect(written(() => act('a\u001b[2J\u202eb'))).toMatch(/a‹U\+001B›\[2J‹U\+202E›b/);
});

test('JSON sends no hidden character to the terminal and loses nothing', () => {
  fc.assert(
    fc.property(fc.dictionary(hostile, hostile), (value) => {
      const text = written(() => printJson(value));
      expect(text.replaceAll('\n', '')).not.toMatch(HIDDEN);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
