/** Modules that are in evaluation mode in only one of the two runs. */
import { listed, plural } from '../words.ts';
import { type Clues, departs } from './clues.ts';

/** What the first step whose loss or gradients differ records of the modes; undefined if they are equal or not recorded. */
export function otherModes(clues: Clues): string | undefined {
  const first = clues.pairs.find((pair) => departs(clues, pair, ['loss', 'gradientL2']));
  const [mine, theirs] = [first?.resumed.evaluating, first?.control.evaluating];
  if (first === undefined || mine === undefined || theirs === undefined) return undefined;
  const only = (these: readonly string[], others: readonly string[]) =>
    these.filter((name) => !others.includes(name));
  const said = (names: readonly string[], here: string, there: string): string[] => {
    const are = plural(names.length, 'is', 'are');
    return names.length === 0
      ? []
      : [`${listed(names)} ${are} in ${here} mode, though in ${there} mode in the control`];
  };
  const modes = [
    ...said(only(mine, theirs), 'evaluation', 'training'),
    ...said(only(theirs, mine), 'training', 'evaluation'),
  ];
  return modes.length === 0
    ? undefined
    : `in step ${first.resumed.step}, ${modes.join(', and ')}: what changes the mode (a validation, a sample, a load) does not change it back`;
}
