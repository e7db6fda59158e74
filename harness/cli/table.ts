/** Tables for a terminal or a log: no frames, no colours. */
import Table from 'cli-table3';
import { visible } from '../report/text.ts';

/** Hidden characters are spelled out before the columns are laid out. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const shown = (cell: string | number): string => visible(String(cell));
  const table = new Table({ ...TABLE, head: head.map(shown) });
  for (const row of rows) table.push(row.map(shown));
  return table.toString();
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
  wordWrap: true,
};
