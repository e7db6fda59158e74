/** Judges traces from anywhere: each argument is a folder that holds a folder with a `trace.jsonl` for each process. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { collectEvidence, historyIn, judge, traceReader } from '../harness/judging.ts';

for (const folder of process.argv.slice(2)) {
  const read = traceReader();
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => path.join(folder, name, 'trace.jsonl'))
    .filter((file) => existsSync(file));
  const traces = await Promise.all(files.map(read));
  const run = traces.find((trace) => trace.run?.role === 'control')?.run;
  if (run === undefined) {
    process.stdout.write(`${folder}: no control\n`);
    continue;
  }
  const subject = { scenario: run.scenario, about: '', expect: 'proven' as const, replay: '' };
  const { outcome, headline, findings } = judge(
    subject,
    collectEvidence(historyIn(traces), run.backend.requested, traces),
  );
  process.stdout.write(`${path.basename(folder)}: ${outcome}: ${headline}\n`);
  for (const { rule, sentence } of findings.slice(0, 6)) process.stdout.write(`    ${rule}: ${sentence}\n`);
  if (outcome === 'inconclusive')
    for (const { expected, seen } of findings.slice(0, 3))
      process.stdout.write(`      ${expected} / ${seen}\n`);
}
