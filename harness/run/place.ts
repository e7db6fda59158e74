/** Where in a user's own files an error arose, and the code around it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHES } from './caches.ts';

/** A place in a file; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column?: number;
}

/** The harness's code, from source or built. */
const HARNESS = path.dirname(import.meta.dirname);

/** Whether a file is neither the harness's, also in a snapshot, nor a package's, nor Node's. */
const isUsers = (file: string): boolean =>
  path.isAbsolute(file) &&
  ![HARNESS, CACHES.RESUMEPROOF_SNAPSHOTS].some((folder) => folder && file.startsWith(folder + path.sep)) &&
  !file.split(path.sep).includes('node_modules') &&
  // Yarn's Plug'n'Play.
  !/^\.pnp\.(?:cjs|loader\.mjs)$/.test(path.basename(file));

const pathOf = (where: string): string => (where.startsWith('file:') ? fileURLToPath(where) : where);

/** `at name (file:///a.ts:3:4)`, `at async file:///a.ts:3:4`. */
const FRAME = /^\s+at (?:.* \()?((?:file:|\/|[A-Za-z]:[/\\]).*?):(\d+):(\d+)\)?$/;
/** Node puts this before the stack of what it could not parse; below the line of code stands a mark, but not at the end. */
const PARSED = /^((?:file:|\/|[A-Za-z]:[/\\]).*):(\d+)\n((?:.*\n){0,8}?)SyntaxError/m;

/**
 * The first place of a stack, or of the last lines of a process, that lies in a user's file.
 * @param stack of an error, as Node writes it
 */
export function placeIn(stack: string): Place | undefined {
  const parsed = PARSED.exec(stack);
  if (parsed !== null) {
    const [, where, line, code] = parsed as unknown as [string, string, string, string];
    const column = code
      .split('\n')
      .find((text) => /^ *\^+$/.test(text))
      ?.indexOf('^');
    const file = pathOf(where);
    if (isUsers(file))
      return { file, line: Number(line), ...(column === undefined ? {} : { column: column + 1 }) };
  }
  for (const line of stack.split('\n')) {
    const [, where, row, column] = FRAME.exec(line) ?? [];
    if (where === undefined) continue;
    const file = pathOf(where);
    if (isUsers(file)) return { file, line: Number(row), column: Number(column) };
  }
  return undefined;
}

/**
 * Where the import of a file failed.
 * @param imported the files that were being imported, the first one first
 */
export function placeOfImport(error: Error, imported: readonly string[]): Place | undefined {
  return placeIn(error.stack ?? '') ?? placeOfMissing(error.message) ?? placeOfSyntax(error, imported);
}

/** The line that imports a module that is not there. */
function placeOfMissing(message: string): Place | undefined {
  const [, missing, importer] =
    /^Cannot find (?:module|package) '(.*)' imported from (.*)$/m.exec(message) ?? [];
  if (missing === undefined || !isUsers(importer!)) return undefined;
  const name = path.basename(missing);
  const lines = linesOf(importer!);
  const at = lines.findIndex((line) => /\bimport\b|\bfrom\b/.test(line) && line.includes(name));
  if (at === -1) return undefined;
  return { file: importer!, line: at + 1, column: lines[at]!.indexOf(name) + 1 };
}

/** Of JavaScript that cannot be parsed, the error says no place. Node itself says it where it checks the file alone. */
function placeOfSyntax(error: Error, imported: readonly string[]): Place | undefined {
  if (!(error instanceof SyntaxError)) return undefined;
  for (const file of imported.filter((file) => /\.m?js$/.test(file) && isUsers(file))) {
    const { status, stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' });
    if (status !== 0) return placeIn(stderr);
  }
  return undefined;
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/);
  } catch {
    return [];
  }
}

/** A library's own frames may be many, and the user's stand below them. */
export const FRAMES = 60;

const AROUND = 2;
const LONGEST = 160;

/** The place, from the working folder, and a few lines of the code with its line marked. */
export function codeAt({ file, line, column }: Place): string[] {
  const where = `${path.relative('', file) || file}:${line}${column === undefined ? '' : `:${column}`}`;
  const lines = linesOf(file);
  if (lines[line - 1] === undefined) return [where];
  const from = Math.max(1, line - AROUND);
  const to = Math.min(lines.length, line + AROUND);
  const width = String(to).length;
  const code = lines.slice(from - 1, to).flatMap((text, index) => {
    const number = from + index;
    const row =
      `${number === line ? '>' : ' '} ${String(number).padStart(width)} | ${text.slice(0, LONGEST)}`.trimEnd();
    // Tabs before the mark keep it below its character.
    const before = text.slice(0, (column ?? 1) - 1).replaceAll(/[^\t]/g, ' ');
    const marked = number === line && column !== undefined && column <= LONGEST;
    return marked ? [row, `  ${' '.repeat(width)} | ${before}^`] : [row];
  });
  while (code.at(-1)?.endsWith(' |')) code.pop();
  return [where, ...code];
}

/** The stack of an error without the frames of the harness and of Node; with them, if there are no others. */
export function userStack(error: Error): string {
  const lines = (error.stack ?? error.message).split('\n');
  const isFrame = (line: string): boolean => /^\s+at /.test(line);
  const own = lines.filter((line) => !isFrame(line) || isUsersFrame(line));
  return (own.some(isFrame) ? own : lines).join('\n');
}

function isUsersFrame(line: string): boolean {
  const [, where] = FRAME.exec(line) ?? [];
  return where !== undefined && isUsers(pathOf(where));
}
