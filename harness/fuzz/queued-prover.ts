/** Hands out the histories of a search to workers. */
import type { HandOut } from '../queue/hand-out.ts';
import { checkedFirst, checkedVerdict } from './history-cases.ts';
import type { prover } from './prover.ts';

/** As many as workers have places for, and as many that wait. Some, as long as there is no worker. */
const LEAST = 4;

export const queuedProver =
  (hands: HandOut): typeof prover =>
  ({ name }) => ({
    atATime: () => Math.max(LEAST, 2 * hands.places()),
    first: (history) => hands.give({ kind: 'first', history }, (result) => checkedFirst(result, name)),
    prove: (history) => hands.give({ kind: 'history', history }, (result) => checkedVerdict(result, name)),
    async remove() {},
  });
