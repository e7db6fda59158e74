/** Parameters that a step replaces before it computes its loss: they move farther than an update takes them. */

import type { TracedStep } from '../../trace/schema.ts';
import { indexOf } from '../columns.ts';
import type { StepPair } from '../evidence.ts';
import { figure, listed, ofAll, plural } from '../words.ts';
import type { Parting } from './first.ts';

/** Of the control's update, from which on a parameter has moved too far for an update. */
const FAR = 3;

interface Move {
  readonly name: string;
  /** How far the parameter moves, and how large its gradient is, as shares of the control's. */
  readonly move: number;
  readonly gradient: number | undefined;
}

/** The parameters that both steps move. */
function movesOf({ control, resumed }: StepPair): Move[] {
  const inControl = indexOf(control.names);
  return resumed.names.flatMap((name, at): Move[] => {
    const other = inControl.get(name) ?? -1;
    const theirs = control.updateL2[other] ?? 0;
    if (theirs === 0 || !resumed.changed[at]) return [];
    const [mine, own] = [resumed.gradientL2[at], control.gradientL2[other]];
    const isSeen = typeof mine === 'number' && typeof own === 'number' && own > 0;
    return [{ name, move: resumed.updateL2[at]! / theirs, gradient: isSeen ? mine / own : undefined }];
  });
}

/** Whether its gradient, as far as it is seen, cannot have moved the parameter so far. */
const isFar = ({ move, gradient }: Move): boolean =>
  move >= FAR && (gradient === undefined || gradient < move / 2);

/** Whether no update of the control takes the parameter as far. */
function isFarthest({ control, pairs, at }: Parting, { name }: Move): boolean {
  const moveIn = ({ names, updateL2 }: TracedStep): number => updateL2[indexOf(names).get(name) ?? -1] ?? 0;
  const mine = moveIn(pairs[at]!.resumed);
  return control.every((step) => moveIn(step) < mine);
}

/** Why the loss says that the parameters were replaced before it, as text; undefined if they need not have been. */
export function replacedText(parting: Parting): string | undefined {
  const { pairs, at, stage, isEqual } = parting;
  const pair = pairs[at];
  if (pair === undefined || stage !== 'loss' || isEqual('parameter') !== true) return undefined;
  const moves = movesOf(pair);
  const far = moves.filter((own) => isFar(own) && isFarthest(parting, own));
  const then = earlierLoss(parting);
  if (far.length === 0) return undefined;
  const names = new Set(far.map(({ name }) => name));
  // A larger gradient, which nothing shows, would stay: what scales it does.
  const next = pairs.slice(at + 1).find(({ resumed }) => resumed.changed.includes(true));
  const once = next !== undefined && !movesOf(next).some((own) => names.has(own.name) && own.move >= FAR);
  const areSeen = far.every(({ gradient }) => gradient !== undefined);
  // A single update, which may be small in the control, can be larger by chance.
  const areAll = far.length === moves.length && far.length > 1;
  if (!areSeen && then === undefined && !(once && areAll)) return undefined;
  const [least, most] = [Math.min, Math.max].map((of) => figure(of(...far.map(({ move }) => move))));
  const who =
    far.length === moves.length
      ? 'the parameters'
      : `${listed([...names])} (${ofAll(far.length, moves.length, 'parameter')})`;
  const whose =
    far.length === moves.length
      ? `the ${plural(far.length, 'update', 'updates')} of ${ofAll(far.length, moves.length, 'parameter')} ${plural(far.length, 'is', 'are')}`
      : plural(far.length, 'its update is', 'their updates are');
  const evidence = [
    ...(once ? ['in this step only'] : []),
    ...(areSeen ? [`and ${plural(far.length, 'its gradient is', 'their gradients are')} not`] : []),
    ...(then === undefined ? [] : [`and the loss is that of step ${then}, which has the same batch`]),
    ...(areSeen || then !== undefined
      ? []
      : ['unless gradients, which are not observed, are as much larger']),
  ];
  return `${who} ${plural(who === 'the parameters' ? 2 : far.length, 'was', 'were')} replaced in this step, before the loss: ${whose} ${least === most ? least : `${least} to ${most}`} times the control’s, ${evidence.join(', ')}`;
}

/** The control's earlier step that has the same loss and the same batch, with other parameters. */
function earlierLoss({ control, pairs, at, noise }: Parting): number | undefined {
  const { step, claimed } = pairs[at]!.resumed;
  if (!noise.exact || claimed.batch.length === 0) return undefined;
  const batch = JSON.stringify(claimed.batch);
  return control.find(
    (one) =>
      one.step < step &&
      one.claimed.loss === claimed.loss &&
      JSON.stringify(one.claimed.batch) === batch &&
      one.changed.includes(true),
  )?.step;
}

/** Whether the parameters can be others while the loss is computed than before the step. */
export function mayDiffer({ pairs, at, noise }: Parting): boolean {
  const pair = pairs[at];
  if (pair === undefined) return false;
  const { control, resumed } = pair;
  if (!resumed.changed.includes(true)) return false;
  // Updates of the same length that end at the same norms began at the same parameters.
  return (['updateL2', 'l2'] as const).some((curve) => noise.departing(curve, control, resumed).length > 0);
}
