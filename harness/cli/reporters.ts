/** `--reporter`: the forms in which a gate's result is told. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { annotations } from '../report/github.ts';
import { relativeTo } from '../report/location.ts';
import { markdown } from '../report/markdown.ts';
import { sarif } from '../report/sarif.ts';
import { gateSentence } from '../report/summary.ts';
import { tame, visible, visibleJson } from '../report/text.ts';
import type { GateResult } from '../run/gate.ts';
import { near } from '../run/near.ts';
import { UsageError } from '../run/usage-error.ts';
import { VERSION } from '../run/version.ts';
import { summary } from './gate-summary.ts';
import { print, printData } from './print.ts';
import { columnsOf } from './terminal.ts';
import { verdictLines } from './verdict-lines.ts';

/** What a reporter tells of. */
export interface Told extends GateResult {
  /** By scenario: where in the user's file it failed, and the code around it. */
  readonly code: ReadonlyMap<string, readonly string[]>;
}

interface Reporter {
  /** For programs: it is printed without colours. */
  readonly isData: boolean;
  /** @param columns of the terminal; a file has no end of a line */
  readonly text: (told: Told, columns: number) => string | Promise<string>;
}

/** By name. Each is a function of the result; to add one, add it here. */
const REPORTERS: Readonly<Record<string, Reporter>> = {
  list: {
    isData: false,
    text: ({ gate, report, comparison, code }, columns) =>
      summary(
        { gate: tame(gate), report, ...(comparison && { comparison: tame(comparison) }) },
        code,
        columns,
      ),
  },
  line: {
    isData: false,
    text: ({ gate }, columns) =>
      [
        ...gate.verdicts.flatMap((verdict) => verdictLines(verdict, columns)),
        gateSentence(tame(gate)),
        '',
      ].join('\n'),
  },
  json: {
    isData: true,
    text: ({ gate, report }) => visibleJson(`${JSON.stringify({ ...gate, report }, null, 2)}\n`),
  },
  junit: {
    isData: true,
    // Imported only here, because its library loads slowly.
    text: async ({ gate, report }) => {
      const { junitXml } = await import('../report/junit.ts');
      return visible(junitXml(gate, relativeTo('', path.dirname(report.junit))), Number.POSITIVE_INFINITY);
    },
  },
  github: {
    isData: true,
    text: ({ gate, code }) => annotations(gate, code),
  },
  markdown: {
    isData: true,
    text: ({ gate, report }) => markdown(gate, relativeTo('', report.html)),
  },
  sarif: {
    isData: true,
    text: ({ gate }) => visibleJson(`${JSON.stringify(sarif(gate, VERSION), null, 2)}\n`),
  },
};

/** A reporter that was asked for. */
export interface Asked {
  readonly name: string;
  /** Standard output if undefined. */
  readonly file?: string;
}

export const reporterOption = (): Option =>
  new Option(
    '--reporter <name>',
    `how the result is told: ${Object.keys(REPORTERS).join(', ')}; NAME=FILE writes a file besides; may be given several times`,
  )
    .argParser(parsed)
    .default([], 'list');

function parsed(value: string, before: readonly Asked[]): readonly Asked[] {
  const [name, ...rest] = value.split('=') as [string, ...string[]];
  if (!Object.hasOwn(REPORTERS, name)) {
    const [likely] = near(name, Object.keys(REPORTERS));
    throw new InvalidArgumentError(
      `expected ${Object.keys(REPORTERS).join(', ')}${likely === undefined ? '' : `; did you mean ${likely}?`}`,
    );
  }
  const file = rest.join('=');
  if (rest.length > 0 && file === '') throw new InvalidArgumentError(`${name}= names no file.`);
  return [...before, rest.length === 0 ? { name } : { name, file: path.resolve(file) }];
}

/** How a result is told. */
export interface Telling {
  readonly json: boolean;
  readonly reporter: readonly Asked[];
}

/**
 * Checks before a run that its result can be told.
 * @throws {UsageError} when two reporters would share standard output
 */
export function checkTelling({ json, reporter }: Telling): void {
  const printed = reporter.filter(({ file }) => file === undefined).map(({ name }) => `--reporter ${name}`);
  if (json) printed.push('--json');
  if (printed.length > 1)
    throw new UsageError(
      `${printed.join(' and ')} would share standard output; give all but one a file, such as --reporter junit=junit.xml`,
    );
}

/**
 * Prints the result, as a list unless another form was asked for, and writes the files that were asked for. In a job of
 * GitHub Actions, it adds the summary of the job, and annotations below the list.
 */
export async function tell(told: Told, { json, reporter }: Telling): Promise<void> {
  for (const { name, file } of reporter) {
    if (file === undefined) continue;
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, await REPORTERS[name]!.text(told, Number.POSITIVE_INFINITY));
  }
  const asked = json ? 'json' : reporter.find(({ file }) => file === undefined)?.name;
  const { isData, text } = REPORTERS[asked ?? 'list']!;
  (isData ? printData : print)(await text(told, columnsOf(process.stdout)));
  if (process.env.GITHUB_ACTIONS !== 'true') return;
  if (asked === undefined) printData(annotations(told.gate, told.code));
  const summaryFile = process.env.GITHUB_STEP_SUMMARY;
  if (summaryFile) await appendFile(summaryFile, markdown(told.gate, relativeTo('', told.report.html)));
}
