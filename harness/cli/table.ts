/** Tables for a terminal or a log: no frames, no colours, and no word broken. */
import Table from 'cli-table3';
import { visible } from '../report/text.ts';
import { widthOf, wrapped } from './layout.ts';
import { columnsOf } from './terminal.ts';

/** Between two columns. */
const GAP = 2;

/**
 * Hidden characters are spelled out before the columns are laid out. Where the table is too wide, cells are wrapped
 * between words. Where that is not enough, the longest cells of one column each get a line of their own above their row.
 * @param columns of the terminal
 */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  columns = columnsOf(process.stdout),
): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => visible(String(cell))));
  const { widths, apart } = layOut(cells, columns);
  const isApart = (row: readonly string[]): boolean =>
    apart !== undefined && longestWord(row[apart]!) > widths[apart]!;
  const laid = cells.map((row) =>
    row.map((cell, index) =>
      isApart(row) && index <= apart! ? [''] : wrapped(cell, Math.max(1, widths[index]!)),
    ),
  );
  const table = new Table({ ...TABLE, head: laid[0]!.map((lines) => lines.join('\n')) });
  for (const row of laid.slice(1)) table.push(row.map((lines) => lines.join('\n')));
  const lines = table.toString().split('\n');
  // The lines of each row, from the last to the first, so that those before it keep their places.
  const heights = laid.map((row) => Math.max(1, ...row.map((cell) => cell.length)));
  let at = heights.reduce((sum, height) => sum + height, 0);
  for (const [index, row] of [...cells.entries()].reverse()) {
    at -= heights[index]!;
    if (!isApart(row)) continue;
    const before = row.slice(0, apart).map((cell, column) => padded(cell, widths[column]! + GAP));
    lines.splice(at, 0, before.join('') + row[apart!]!);
  }
  return lines.map((line) => line.trimEnd()).join('\n');
}

const longestWord = (cell: string): number => Math.max(...cell.split(/\s+/).map(widthOf));
const padded = (cell: string, width: number): string => cell + ' '.repeat(Math.max(0, width - widthOf(cell)));

/** The width of each column, and the column whose longest cells stand apart. */
function layOut(
  cells: readonly (readonly string[])[],
  columns: number,
): { widths: readonly number[]; apart?: number } {
  const most = (of: (cell: string) => number): number[] =>
    cells[0]!.map((_, index) => Math.max(...cells.map((row) => of(row[index] ?? ''))));
  const natural = most((cell) => Math.max(...cell.split('\n').map(widthOf)));
  const least = most(longestWord);
  if (total(least) <= columns) return { widths: narrowed(natural, least, columns) };
  const apart = least.indexOf(Math.max(...least));
  // The column's head has no line of its own.
  least[apart] = longestWord(cells[0]![apart]!);
  return { widths: narrowed(natural, least, columns), apart };
}

const total = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width + GAP, -GAP);

/** Takes what is too much from the widest columns. */
function narrowed(natural: readonly number[], least: readonly number[], columns: number): number[] {
  const widths = [...natural];
  for (let over = total(widths) - columns; over > 0; over -= 1) {
    const spare = widths.map((width, index) => (width > least[index]! ? width : 0));
    const widest = Math.max(...spare);
    if (widest === 0) break;
    widths[spare.indexOf(widest)]! -= 1;
  }
  return widths;
}

export const TABLE = {
  chars: {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: '  ',
  },
  style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
};
