/**
 * All that commands print goes through here. Messages, names and the ends of logs come from traces and programs, and
 * may hold escape sequences that rewrite a terminal: these are spelled out, as on the page.
 */
import { visible, visibleJson } from '../report/text.ts';
import { hasColours, painted } from './terminal.ts';

const write = (stream: NodeJS.WriteStream, text: string): void => {
  const shown = visible(text, Number.POSITIVE_INFINITY);
  stream.write(hasColours(stream) ? painted(shown) : shown);
};

/** Prints to standard output. */
export const print = (text: string): void => write(process.stdout, text);

/** Prints to standard error. */
export const printError = (text: string): void => write(process.stderr, text);

/** Prints text for programs, whose hidden characters are spelled out already, to standard output. */
export const printData = (text: string): void => {
  process.stdout.write(text);
};

export const printJson = (value: unknown): void => {
  printData(visibleJson(`${JSON.stringify(value, null, 2)}\n`));
};
