/** A few lines at the end of a terminal that are rewritten in place. All else that is written stands above them. */
import { widthOf } from './layout.ts';

/** The lines at the end of a terminal. */
export interface TerminalWindow {
  /** Replaces the lines. None may be wider than the terminal. */
  draw(lines: readonly string[]): void;
  /** Removes the lines, and gives the terminal back. */
  close(): void;
}

type Write = NodeJS.WriteStream['write'];

const HIDE = '\u001b[?25l';
const SHOW = '\u001b[?25h';
/** Terminals that know it show what lies between at once, which avoids flicker; others ignore it. */
const [BEGIN, END] = ['\u001b[?2026h', '\u001b[?2026l'];
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/**
 * @param stream where the lines are written
 * @param streams the streams of the same terminal
 */
export function openWindow(
  stream: NodeJS.WriteStream,
  streams: readonly NodeJS.WriteStream[],
): TerminalWindow {
  const own = new Map(streams.map((each): [NodeJS.WriteStream, Write] => [each, each.write]));
  const write = (text: string): void => void own.get(stream)!.call(stream, text);
  let shown: readonly string[] = [];
  // A terminal that has become narrower has wrapped them.
  const rows = (line: string): number =>
    Math.max(1, Math.ceil(widthOf(line.replaceAll(COLOURS, '')) / (stream.columns || 80)));
  const erase = (): string => {
    const up = shown.reduce((sum, line) => sum + rows(line), 0);
    return up === 0 ? '' : `\u001b[${up}A\u001b[J`;
  };
  const text = (): string => shown.map((line) => `${line}\n`).join('');
  for (const [each, original] of own)
    each.write = function writeAbove(this: NodeJS.WriteStream, ...args: Parameters<Write>): boolean {
      write(BEGIN + erase());
      const done = original.apply(each, args);
      write(text() + END);
      return done;
    } as Write;
  const showCursor = (): void => write(SHOW);
  process.once('exit', showCursor);
  write(HIDE);
  return {
    draw(lines) {
      const before = erase();
      shown = lines;
      write(BEGIN + before + text() + END);
    },
    close() {
      write(erase() + SHOW);
      shown = [];
      for (const [each, original] of own) each.write = original;
      process.removeListener('exit', showCursor);
    },
  };
}
