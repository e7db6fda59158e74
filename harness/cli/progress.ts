/** Shows progress on standard error: a live list on a terminal, otherwise lines for a log. */
import { Listr, ListrLogger, ProcessOutput } from 'listr2';
import type { Verdict } from '../judge/verdict.ts';
import { tame, visible } from '../report/text.ts';
import type { Part } from '../run/parts.ts';
import type { ProcessEvent } from '../run/process-event.ts';
import type { LoadedScenario } from '../run/scenario.ts';
import { endOf } from '../trace/history.ts';
import type { Trace } from '../trace/schema.ts';
import { printError } from './print.ts';

export interface Display {
  progress(scenario: string, part: Part, event: ProcessEvent): void;
  verdict(verdict: Verdict): void;
  /** Releases the terminal. Call it once, however the run ended. */
  end(): Promise<void>;
}

export function openDisplay(scenarios: readonly LoadedScenario[]): Display {
  return process.stderr.isTTY && process.env.CI === undefined ? live(scenarios) : plain(scenarios);
}

export const MARKS = { proven: '✓', refuted: '✗', inconclusive: '?', skipped: '–' } as const;

export function verdictLine({ scenario, outcome, asExpected, headline, seconds }: Verdict): string {
  const expected = asExpected ? (outcome === 'refuted' ? ', as expected' : '') : ', NOT AS EXPECTED';
  return `${asExpected ? '✓' : '✗'} ${scenario}: ${outcome}${expected} (${seconds.toFixed(1)} s)\n  ${headline}`;
}

/** A line for each verdict. Where these are rare, also one for each process that begins or ends. */
function plain(scenarios: readonly LoadedScenario[]): Display {
  const total = scenarios.length;
  const told = new Set(
    scenarios.filter(({ scenario }) => total === 1 || scenario.command !== undefined).map(({ name }) => name),
  );
  let done = 0;
  printError(`resumeproof: running ${total} scenario${total === 1 ? '' : 's'} …\n`);
  return {
    progress(scenario, part, event) {
      if (!told.has(scenario) || (event.kind !== 'begins' && event.kind !== 'ended')) return;
      printError(
        `${visible(scenario)}: ${part.id} ${event.kind === 'begins' ? 'begins' : ending(event.trace)}\n`,
      );
    },
    verdict(verdict) {
      done += 1;
      printError(`[${done}/${total}] ${verdictLine(verdict)}\n`);
    },
    end: async () => {},
  };
}

/** How a process ended, and how far it came. */
function ending({ process: ended, steps }: Trace): string {
  if (ended === undefined) return 'ended';
  const { outcome, seconds } = ended;
  const how = outcome === 'stopped-as-planned' ? 'stopped' : outcome;
  const last = steps.at(-1);
  return `${how} ${last === undefined ? 'before its first step' : `after step ${last.step}`} (${seconds.toFixed(1)} s)`;
}

interface Row {
  readonly steps: number;
  readonly runs: Map<string, number>;
  readonly finish: (verdict: Verdict | undefined) => void;
  readonly finished: Promise<Verdict | undefined>;
  show: (text: string) => void;
}

function live(scenarios: readonly LoadedScenario[]): Display {
  const rows = new Map(
    scenarios.map(({ name, history }): [string, Row] => {
      const { promise, resolve } = Promise.withResolvers<Verdict | undefined>();
      return [
        name,
        { steps: endOf(history), runs: new Map(), finish: resolve, finished: promise, show: () => {} },
      ];
    }),
  );
  const tasks = new Listr(
    scenarios.map(({ name }) => ({
      title: visible(name),
      task: async (_context, task) => {
        const row = rows.get(name)!;
        row.show = (text) => {
          task.title = visible(text);
        };
        const verdict = await row.finished;
        if (verdict === undefined) return task.skip(visible(`${name}: not finished`));
        task.title = verdictLine(verdict).slice(2).split('\n')[0]!;
        if (!verdict.asExpected) throw new Error(verdict.headline);
      },
    })),
    {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      rendererOptions: {
        collapseErrors: false,
        clearOutput: true,
        logger: new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) }),
      },
    },
  );
  const rendered = tasks.run();
  return {
    progress(scenario, { id }, event) {
      if (event.kind !== 'begins' && event.kind !== 'step') return;
      const { steps, runs, show } = rows.get(scenario)!;
      runs.set(id, event.kind === 'step' ? event.step : 0);
      show(`${scenario}  ${[...runs].map(([name, step]) => `${name} ${step}/${steps}`).join(' · ')}`);
    },
    verdict: (verdict) => rows.get(verdict.scenario)?.finish(tame(verdict)),
    async end() {
      for (const { finish } of rows.values()) finish(undefined);
      await rendered;
    },
  };
}
