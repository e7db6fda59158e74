/** Shows progress on standard error: a live view in a terminal, otherwise lines for a log. */
import { Spinner } from 'listr2';
import type { Verdict } from '../judge/verdict.ts';
import { visible } from '../report/text.ts';
import type { Part } from '../run/parts.ts';
import type { ProcessEvent } from '../run/process-event.ts';
import type { LoadedScenario } from '../run/scenario.ts';
import { endOf } from '../trace/history.ts';
import type { Trace } from '../trace/schema.ts';
import { liveLines } from './live-lines.ts';
import { printError } from './print.ts';
import { columnsOf, hasColours, isLive, painted } from './terminal.ts';
import { verdictLines } from './verdict-lines.ts';
import { openWindow } from './window.ts';

export interface Display {
  progress(scenario: string, part: Part, event: ProcessEvent): void;
  verdict(verdict: Verdict): void;
  /** Releases the terminal. Call it once, however the run ended. */
  end(): void;
}

export const openDisplay = (scenarios: readonly LoadedScenario[]): Display =>
  isLive() ? live(scenarios) : plain(scenarios);

/** A line for each verdict, and an explanation below a failure. Where verdicts are rare, also a line for each process. */
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
      printError(`[${done}/${total}] ${verdictLines(verdict, columnsOf(process.stderr)).join('\n')}\n`);
    },
    end: () => {},
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

/** What runs is rewritten in place. Failures stand above it, and stay. */
function live(scenarios: readonly LoadedScenario[]): Display {
  const stream = process.stderr;
  const window = openWindow(stream, [process.stdout, stream]);
  const steps = new Map(scenarios.map(({ name, history }) => [name, endOf(history)]));
  const running = new Map<string, Map<string, number>>();
  const start = performance.now();
  const spinner = new Spinner();
  let [done, failed] = [0, 0];
  const draw = (): void => {
    const state = {
      running: [...running].map(([scenario, processes]) => ({
        scenario,
        steps: steps.get(scenario) ?? 0,
        processes,
      })),
      total: scenarios.length,
      done,
      failed,
      seconds: (performance.now() - start) / 1000,
    };
    const size = { columns: stream.columns || 80, rows: stream.rows || 24, spinner: spinner.fetch() };
    const lines = liveLines(state, size);
    window.draw(hasColours(stream) ? lines.map(painted) : lines);
  };
  spinner.start(draw);
  return {
    progress(scenario, { id }, event) {
      if (event.kind !== 'begins' && event.kind !== 'step') return;
      const processes = running.get(scenario) ?? new Map<string, number>();
      running.set(scenario, processes.set(id, event.kind === 'step' ? event.step : 0));
    },
    verdict(verdict) {
      done += 1;
      running.delete(verdict.scenario);
      if (verdict.asExpected) return;
      failed += 1;
      printError(`${verdictLines(verdict, columnsOf(stream)).join('\n')}\n\n`);
    },
    end() {
      spinner.stop();
      window.close();
    },
  };
}
