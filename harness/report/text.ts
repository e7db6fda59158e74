/** Text from traces and verdicts may be hostile: it is cut, and hidden characters are spelled out. */

/** Controls, formats (bidi, zero width), lone surrogates, line and paragraph separators. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** At most `limit` characters of `text`, saying how many were cut; never half a surrogate pair. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const high = /[\ud800-\udbff]$/.test(text.slice(0, limit));
  const kept = text.slice(0, high ? limit - 1 : limit);
  return `${kept}… (${count(text.length - kept.length, 'more character')})`;
}

/** `text`, cut, with every hidden character but newline and tab written as ‹U+XXXX›. */
export function visible(text: string, limit = 2000): string {
  return cut(text, limit).replace(HIDDEN, (character) => {
    if (character === '\n' || character === '\t') return character;
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return `‹U+${code}›`;
  });
}

/** JSON text with every hidden character but a newline written as an escape, which reads back the same. */
export function visibleJson(json: string): string {
  return json.replace(HIDDEN, (character) =>
    character === '\n' ? character : character.replace(/[\s\S]/g, escaped),
  );
}

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A deep copy of plain data with {@link visible} applied to every string. */
export function tame<T>(value: T): T {
  if (typeof value === 'string') return visible(value) as T;
  if (Array.isArray(value)) return value.map(tame) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, tame(item)])) as T;
}

/** `text` without the characters that XML 1.0 forbids even when escaped. */
export function xmlSafe(text: string): string {
  let safe = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const control = code < 0x20 && code !== 0x9 && code !== 0xa && code !== 0xd;
    const surrogate = code >= 0xd800 && code <= 0xdfff;
    if (!control && !surrogate && code !== 0xfffe && code !== 0xffff) safe += character;
  }
  return safe;
}

/** A relative path as a percent-encoded link; undefined if it could lead out of the folder. */
export function linkTo(path: string): string | undefined {
  const parts = path.split('/');
  const strange = (part: string) =>
    part === '' || part === '.' || part === '..' || /[\\\p{Cc}\p{Cs}]/u.test(part);
  return parts.some(strange) ? undefined : parts.map(encodeURIComponent).join('/');
}

export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
}

/** 'a', 'a and b', 'a, b and c'. */
export function enumerate(items: readonly (string | number)[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** A number for people: four significant digits, without exponent if that is short. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size >= 1e5 || size < 1e-3)
    return value
      .toExponential(2)
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e');
  return String(Number(value.toPrecision(4)));
}

export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  return seconds < 100 ? `${seconds.toFixed(seconds < 10 ? 2 : 1)} s` : `${(seconds / 60).toFixed(1)} min`;
}

const COMMIT_DIGITS = 12;

/** The beginning of a commit's name, which is enough to find it. */
export const shortCommit = (commit: string): string => commit.slice(0, COMMIT_DIGITS);

/** To the minute, in UTC. Text that is not a date is returned unchanged. */
export function moment(startedAt: string): string {
  const date = new Date(startedAt);
  return Number.isNaN(date.getTime())
    ? startedAt
    : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
