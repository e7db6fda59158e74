/**
 * All that commands print goes through here. Messages, names and the ends of logs come from traces and programs, and
 * may hold escape sequences that rewrite a terminal: these are spelled out, as on the page.
 */
import { visible, visibleJson } from '../report/text.ts';

/** Prints to standard output. */
export const print = (text: string): void => {
  process.stdout.write(visible(text, Number.POSITIVE_INFINITY));
};

/** Prints to standard error. */
export const printError = (text: string): void => {
  process.stderr.write(visible(text, Number.POSITIVE_INFINITY));
};

export const printJson = (value: unknown): void => {
  process.stdout.write(visibleJson(`${JSON.stringify(value, null, 2)}\n`));
};
