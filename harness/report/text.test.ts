import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cut, figure, linkTo, visible, xmlSafe } from './text.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 60 });

test('visible text keeps no hidden, reordering or half characters and loses nothing else', () => {
  expect(visible('a\u202eb\u0007\u200b\ud800\n')).toBe('a‹U+202E›b‹U+0007›‹U+200B›‹U+D800›\n');
  fc.assert(
    fc.property(anyText, (text) => {
      expect(visible(text).replaceAll(/[\n\t]/g, '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(visible(text)).toBe(text);
    }),
  );
});

test('a long text is cut, never inside a surrogate pair, and says by how much', () => {
  expect(cut('abcdef', 4)).toBe('abcd… (2 more characters)');
  expect(cut('abc😀d', 4)).toBe('abc… (3 more characters)');
  expect(visible('x'.repeat(5_000_000)).length).toBeLessThan(2100);
});

test('characters that XML 1.0 forbids are removed', () => {
  expect(xmlSafe('a\u0000\u001fb\uffff\ud800\t\n😀')).toBe('ab\t\n😀');
});

test('a link stays one path inside its folder, whatever the name', () => {
  expect(linkTo('a b/#1?/trace.jsonl')).toBe('a%20b/%231%3F/trace.jsonl');
  expect(linkTo('javascript:alert(1)/x')).toBe('javascript%3Aalert(1)/x');
  for (const bad of ['../x', '/etc/passwd', '//host/x', 'a/../../x', 'a\\..\\x', '', 'a//b', '\ud800']) {
    expect(linkTo(bad), bad).toBeUndefined();
  }
  const base = new URL('file:///run/reports/1/');
  fc.assert(
    fc.property(anyText, (path) => {
      const link = linkTo(path);
      if (link === undefined) return;
      const url = new URL(link, base);
      expect(decodeURIComponent(url.pathname)).toBe(`/run/reports/1/${path}`);
      expect(url.search + url.hash).toBe('');
    }),
  );
});

test('figures are short', () => {
  expect([0, 0.01, 1234.567, 1e-7, 123456, -2.5e-5, Number.NaN].map(figure)).toEqual([
    '0',
    '0.01',
    '1235',
    '1e-7',
    '1.23e5',
    '-2.5e-5',
    'NaN',
  ]);
});
