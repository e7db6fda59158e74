/** Hands out the work of a kill matrix to workers. */
import type { HandOut } from '../queue/hand-out.ts';
import { unlessAborted } from './failing.ts';
import { interruptedIn } from './fault-cell.ts';
import { checkedCell, checkedFacts, type MatrixCase } from './matrix-cases.ts';
import { type MatrixWork, matrixWork } from './matrix-work.ts';
import type { LoadedScenario } from './scenario.ts';

/**
 * The traces of what a worker has run stay with it. So what the report keeps, a missed cell or a false alarm, is run
 * once more on this machine.
 * @param say is told if that gives something else
 */
export const queuedMatrix =
  (hands: HandOut, say: (line: string) => void) =>
  (...[faults, options]: Parameters<typeof matrixWork>): MatrixWork => {
    const { signal } = options;
    const here = matrixWork(faults, options);
    const usedHere = new Set<string>();
    const stopped = Promise.withResolvers<undefined>();
    signal.addEventListener('abort', () => stopped.resolve(undefined), { once: true });
    const give = <Result>(
      what: MatrixCase,
      check: (result: unknown) => Result,
    ): Promise<Result | undefined> =>
      unlessAborted(signal, Promise.race([stopped.promise, hands.give(what, check)]));
    const again = ({ name }: LoadedScenario): void => void usedHere.add(name);
    return {
      // A queue may be as long as it likes.
      atATime: Number.POSITIVE_INFINITY,
      healthy: ({ name: scenario }) =>
        give({ kind: 'healthy', scenario }, (result) => checkedFacts(result, scenario, faults)),
      async cell(loaded, fault) {
        const { name: scenario } = loaded;
        const cell = await give({ kind: 'cell', scenario, fault: fault.id }, (result) =>
          checkedCell(result, scenario),
        );
        if (cell === undefined) return interruptedIn(scenario);
        if (cell.outcome !== 'missed') return cell;
        again(loaded);
        const own = await here.cell(loaded, fault);
        if (own.outcome === 'missed' || signal.aborted) return own;
        say(`${fault.id} in ${scenario} was missed by a worker, but is ${own.outcome} on this machine`);
        return cell;
      },
      async keep(loaded) {
        if (signal.aborted) return null;
        again(loaded);
        return here.keep(loaded);
      },
      async remove(loaded) {
        if (usedHere.has(loaded.name)) await here.remove(loaded);
      },
    };
  };
