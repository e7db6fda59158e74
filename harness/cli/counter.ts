/** Counts cells on standard error: how many are done, and about how long the rest takes. */
import { visible } from '../report/text.ts';
import { isLive } from './terminal.ts';

export interface Counter {
  /** Prints a line above the count. */
  say(line: string): void;
  /** Sets the total: before the first cell, and again when cells are added. */
  expect(total: number): void;
  count(): void;
  end(): void;
}

/** About how many lines a log gets. */
const LINES = 20;

/** A terminal gets one line that is rewritten; a log gets a line for each twentieth. */
export function openCounter(stream: NodeJS.WriteStream = process.stderr): Counter {
  const live = isLive([stream]);
  const clear = live ? '\r\u001b[2K' : '';
  let total = 0;
  let done = 0;
  let start = 0;
  const state = (): string => {
    const elapsed = (performance.now() - start) / 1000;
    const left = done === 0 ? '' : `, about ${Math.ceil((elapsed / done) * (total - done))} s left`;
    return `${done} of ${total} cells${left}`;
  };
  return {
    say(line) {
      stream.write(`${clear}${live ? '' : 'resumeproof: '}${visible(line)}\n`);
      if (live && total > 0) stream.write(state());
    },
    expect(cells) {
      if (total === 0) start = performance.now();
      total = cells;
    },
    count() {
      done += 1;
      const every = Math.max(1, Math.floor(total / LINES));
      if (live) stream.write(`${clear}${state()}`);
      else if (done % every === 0 || done === total) stream.write(`resumeproof: ${state()}\n`);
    },
    end() {
      if (live) stream.write(clear);
    },
  };
}
