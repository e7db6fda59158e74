/** Measures what is said of the PyTorch scripts of `fixtures/pytorch`: of each with its bug, and of each without. */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import { gateSchema, type Verdict } from '../../harness/judge/verdict.ts';

const root = path.dirname(path.dirname(import.meta.dirname));
const scripts = path.join(root, 'fixtures', 'pytorch');

const caseSchema = z.object({
  name: z.string(),
  /** Null in a script without a bug. */
  report: z.string().nullish(),
  /** Regular expressions: all of these in a right headline, and none of `wrong`. */
  must: z.array(z.string()).optional(),
  wrong: z.array(z.string()).optional(),
  steps: z.int(),
  resumeAt: z.array(z.int()),
  arguments: z.array(z.string()),
  /** How often the models run forward in a step of the script, which is as many steps of the recorder. */
  passesPerStep: z.int().optional(),
});
type Case = z.output<typeof caseSchema>;

export interface PytorchCost {
  readonly bugs: number;
  readonly caught: number;
  /** Bugs whose headline says what it must. */
  readonly right: number;
  readonly healthy: number;
  readonly proven: number;
  readonly seconds: number;
  /** What is said of each that is not caught, not rightly named, or not proven without its bug. */
  readonly others: Readonly<Record<string, string>>;
}

/** @param only the names of the scripts to run; all if empty */
export async function measurePytorch(python: string, only: readonly string[]): Promise<PytorchCost> {
  const all = z.array(caseSchema).parse(JSON.parse(readFileSync(path.join(scripts, 'cases.json'), 'utf8')));
  const cases = all.filter(({ name }) => only.length === 0 || only.includes(name));
  const folder = await mkdtemp(path.join(tmpdir(), 'resumeproof-bench-'));
  try {
    const scenarios = path.join(folder, 'scenarios');
    await mkdir(scenarios);
    for (const one of cases) {
      await writeScenario(scenarios, one.name, python, one, []);
      if (hasBug(one)) await writeScenario(scenarios, `${one.name}-fixed`, python, one, ['--fixed']);
    }
    const start = performance.now();
    const main = path.join(root, 'harness', 'cli', 'main.ts');
    const args = ['--no-warnings', main, 'run', '--jobs', '2', '--json'];
    const { stdout, stderr } = await execa(process.execPath, args, {
      cwd: folder,
      reject: false,
      stdin: 'ignore',
    });
    if (!stdout.startsWith('{')) throw new Error(stderr.split('\n')[0]);
    const { verdicts } = gateSchema.parse(JSON.parse(stdout));
    return { ...tally(cases, verdicts), seconds: (performance.now() - start) / 1000 };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const hasBug = ({ report }: Case): boolean => report !== null && report !== undefined && report !== '';

const writeScenario = (
  folder: string,
  name: string,
  program: string,
  { name: script, steps, resumeAt, arguments: own, passesPerStep = 1 }: Case,
  flags: readonly string[],
): Promise<void> =>
  writeFile(
    path.join(folder, `${name}.js`),
    `export default ${JSON.stringify({
      about: script,
      plan: { steps: steps * passesPerStep, resumeAt: resumeAt.map((step) => step * passesPerStep) },
      command: {
        program,
        args: [path.join(scripts, `${script}.py`), '--out', '{run}', '--resume', 'auto', ...own, ...flags],
        env: { OMP_NUM_THREADS: '1' },
      },
    })};\n`,
  );

function tally(cases: readonly Case[], verdicts: readonly Verdict[]): Omit<PytorchCost, 'seconds'> {
  const byName = new Map(verdicts.map((verdict) => [verdict.scenario, verdict]));
  const others: Record<string, string> = {};
  const isSo = (name: string, holds: (verdict: Verdict) => boolean): boolean => {
    const verdict = byName.get(name);
    if (verdict !== undefined && holds(verdict)) return true;
    others[name] = `${verdict?.outcome ?? 'not run'}: ${verdict?.headline ?? ''}`;
    return false;
  };
  const refuted = ({ outcome }: Verdict): boolean => outcome === 'refuted';
  const bugs = cases.filter(hasBug);
  const healthy = cases.map((one) => (hasBug(one) ? `${one.name}-fixed` : one.name));
  return {
    bugs: bugs.length,
    caught: bugs.filter(({ name }) => isSo(name, refuted)).length,
    right: bugs.filter((one) => isSo(one.name, (verdict) => refuted(verdict) && isRight(one, verdict)))
      .length,
    healthy: healthy.length,
    proven: healthy.filter((name) => isSo(name, ({ outcome }) => outcome === 'proven')).length,
    others,
  };
}

function isRight({ must = [], wrong = [] }: Case, { headline }: Verdict): boolean {
  const says = (pattern: string): boolean => new RegExp(pattern, 'i').test(headline);
  return must.every(says) && !wrong.some(says);
}
