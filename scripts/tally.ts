/** A Vitest reporter that writes the counts, and why tests were skipped, as JSON for check.ts. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Reporter } from 'vitest/node';

export interface Tally {
  passed: number;
  /** A broken hook, a file that does not load and an error outside any test count as failures too. */
  failed: number;
  /** One line per test: file, name and reason. */
  skipped: string[];
}

export default class TallyReporter implements Reporter {
  onTestRunEnd(...[modules, unhandled, reason]: Parameters<NonNullable<Reporter['onTestRunEnd']>>): void {
    const tally: Tally = {
      passed: 0,
      failed: unhandled.length + Number(reason === 'interrupted'),
      skipped: [],
    };
    for (const module of modules) {
      tally.failed += module.errors().length;
      for (const suite of module.children.allSuites()) tally.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') tally.passed++;
        else if (result.state === 'failed') tally.failed++;
        else {
          const why = result.state === 'skipped' ? (result.note ?? 'no reason given') : 'did not run';
          tally.skipped.push(`${path.relative('', module.moduleId)} > ${test.fullName}: ${why}`);
        }
      }
    }
    const file = process.env.TALLY_FILE;
    if (file !== undefined) writeFileSync(file, JSON.stringify(tally));
  }
}
