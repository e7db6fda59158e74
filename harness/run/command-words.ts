/** The words of a command: placeholders, and a line that is split as a shell would. */
import type { Command } from '../training/command.ts';
import { UsageError } from './usage-error.ts';

/** What the placeholders of one process stand for. */
export interface Places {
  /** The folder for what the process writes. */
  readonly run: string;
  /** An empty folder that no other process sees. */
  readonly own: string;
  /** The folder that the gate was started in. */
  readonly here: string;
  /** What the process before saved; only where one resumes. */
  readonly checkpoint?: string;
  readonly step?: string;
}

/** Other words in braces stay as they are: they mean something to the program. */
export const filled = (text: string, places: Places): string =>
  text.replace(/\{(run|own|here|checkpoint|step)\}/g, (whole, name: keyof Places) => places[name] ?? whole);

/** All texts of a command that may hold a placeholder, apart from those for a resume. */
const textsOf = ({ program, args, neverSaveWith = [], env = {}, cwd = '' }: Command): string[] => [
  program,
  ...args,
  ...neverSaveWith,
  ...Object.values(env),
  cwd,
];

/** @throws {UsageError} when the processes would share a folder, a placeholder has no meaning where it stands, or a grace none */
export function checkCommand(command: Command, where: string): void {
  const texts = textsOf(command);
  const misplaced = texts.find((text) => /\{(checkpoint|step)\}/.test(text));
  if (misplaced !== undefined)
    throw new UsageError(
      `${where}: ${misplaced}: {checkpoint} and {step} are known only where a process resumes; give this as --resume-with or resumeWith`,
    );
  if (command.grace !== undefined && command.stop !== 'signal')
    throw new UsageError(`${where}: a grace follows SIGTERM: give it with stop 'signal' (--stop signal)`);
  if (![...texts, ...(command.resumeWith ?? [])].some((text) => text.includes('{run}')))
    throw new UsageError(
      `${where}: {run} stands nowhere in the command; put it where the program's output folder stands, or set the working folder to it (--cwd '{run}')`,
    );
}

/**
 * Splits a line into words. Quotes and backslashes work as in a shell; nothing is expanded.
 * @throws {UsageError} when a quote does not end
 */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  const word = /(?:[^\s'"\\]|\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*")+/gy;
  for (let at = skipSpace(line, 0); at < line.length; at = skipSpace(line, word.lastIndex)) {
    word.lastIndex = at;
    const found = word.exec(line);
    if (found === null || (word.lastIndex < line.length && !/\s/.test(line[word.lastIndex]!)))
      throw new UsageError(`a quote does not end in: ${line}`);
    words.push(
      found[0].replace(
        /\\([\s\S])|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"/g,
        (_, escaped?: string, single?: string, double?: string) =>
          escaped ?? single ?? double?.replace(/\\([\s\S])/g, '$1') ?? '',
      ),
    );
  }
  return words;
}

function skipSpace(line: string, from: number): number {
  let at = from;
  while (at < line.length && /\s/.test(line[at]!)) at += 1;
  return at;
}
