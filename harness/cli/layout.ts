/** Text laid out by columns: wrapped between words, or cut to one line. A word is never broken. */

/** Characters that take two columns, and those that take none. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const NONE = /[\p{Mn}\p{Me}]/u;

/** Columns that a text without escape sequences takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += NONE.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** At most `columns` columns of a line, with an ellipsis where it is cut. */
export function cutLine(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  let kept = '';
  let width = 1;
  for (const character of line) {
    width += widthOf(character);
    if (width > columns) break;
    kept += character;
  }
  return columns < 1 ? '' : `${kept}…`;
}

/**
 * Lines of at most `columns` columns. A word that is longer, such as a path or a command, keeps a line of its own, so
 * that it can be copied.
 * @param first how the first line begins
 * @param rest how the others begin
 */
export function wrapped(text: string, columns: number, first = '', rest = first): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = lines.length === 0 ? first : rest;
    let isEmpty = true;
    for (const word of paragraph.split(' ')) {
      if (!isEmpty && widthOf(line) + 1 + widthOf(word) > columns) {
        lines.push(line);
        line = rest;
        isEmpty = true;
      }
      line += isEmpty ? word : ` ${word}`;
      isEmpty = false;
    }
    lines.push(line);
  }
  return lines;
}
