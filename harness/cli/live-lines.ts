/** The live view as lines: what runs, and how far the whole is. It fits into any window. */
import { visible } from '../report/text.ts';
import { cutLine } from './layout.ts';

/** A scenario that runs. */
export interface Running {
  readonly scenario: string;
  /** Steps of the whole run. */
  readonly steps: number;
  /** The last step of each process, by its id. */
  readonly processes: ReadonlyMap<string, number>;
}

export interface LiveState {
  readonly running: readonly Running[];
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  /** Since the beginning. */
  readonly seconds: number;
}

/** @param size of the window, in characters */
export function liveLines(
  state: LiveState,
  { columns, rows, spinner }: { readonly columns: number; readonly rows: number; readonly spinner: string },
): string[] {
  // The cursor stands in the row below, and a line that fills its row would begin another.
  const room = Math.max(0, rows - 2);
  const shown = state.running.length <= room ? state.running : state.running.slice(0, Math.max(0, room - 1));
  const left = state.running.length - shown.length;
  const lines = shown.map((running) => `${spinner} ${progressOf(running)}`);
  if (left > 0 && room > 0) lines.push(`  and ${left} more`);
  return [...lines, statusLine(state)].map((line) => cutLine(line, columns - 1));
}

const progressOf = ({ scenario, steps, processes }: Running): string =>
  [visible(scenario), [...processes].map(([id, step]) => `${visible(id)} ${step}/${steps}`).join(' · ')].join(
    '  ',
  );

/** `13/48 · 2 ✗ · 40 s left` */
function statusLine({ total, done, failed, seconds }: LiveState): string {
  const left = Math.ceil((seconds / done) * (total - done));
  return [
    `${done}/${total}`,
    ...(failed === 0 ? [] : [`${failed} ✗`]),
    done === 0 || done === total ? `${Math.floor(seconds)} s` : `${timeOf(left)} left`,
  ].join(' · ');
}

const timeOf = (seconds: number): string =>
  seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
