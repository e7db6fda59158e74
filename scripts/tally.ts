/** A Vitest reporter that writes what failed, what was skipped and why, as JSON for check.ts. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Reporter } from 'vitest/node';

export interface Tally {
  passed: number;
  /**
   * One line per failure: file, test and the start of the error. A broken hook, a file that does not load and an error
   * outside any test count as failures too.
   */
  failed: string[];
  /** One line per test: file, name and reason. */
  skipped: string[];
}

export default class TallyReporter implements Reporter {
  onTestRunEnd(...[modules, unhandled, reason]: Parameters<NonNullable<Reporter['onTestRunEnd']>>): void {
    const tally: Tally = { passed: 0, failed: [], skipped: [] };
    const fail = (where: string, errors: readonly Message[]) => {
      for (const error of errors) tally.failed.push(`${where}: ${startOf(error)}`);
    };
    fail('outside any test', unhandled);
    if (reason === 'interrupted') tally.failed.push('the run was interrupted');
    for (const module of modules) {
      const file = path.relative('', module.moduleId);
      fail(file, module.errors());
      for (const suite of module.children.allSuites()) fail(`${file} > ${suite.fullName}`, suite.errors());
      for (const test of module.children.allTests()) {
        const result = test.result();
        const where = `${file} > ${test.fullName}`;
        if (result.state === 'passed') tally.passed++;
        else if (result.state === 'failed') fail(where, [result.errors[0] ?? {}]);
        else {
          const why = result.state === 'skipped' ? (result.note ?? 'no reason given') : 'did not run';
          tally.skipped.push(`${where}: ${why}`);
        }
      }
    }
    const file = process.env.TALLY_FILE;
    if (file !== undefined) writeFileSync(file, JSON.stringify(tally));
  }
}

interface Message {
  message?: string;
}

/** The first 400 characters of the message on one line: enough to name a cause where only the end of a log is kept. */
function startOf({ message = 'no message' }: Message): string {
  return stripVTControlCharacters(message).replaceAll(/\s+/g, ' ').trim().slice(0, 400);
}
