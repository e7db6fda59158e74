/** Parameters that the control unfreezes and the resumed run does not. */
import { tensorsOf } from '../evidence.ts';
import { whichOf } from '../words.ts';
import type { Clues } from './clues.ts';

/** As text; undefined if there are none, or if parameters have no gradients for another reason. */
export function stillFrozen({ finding, resume }: Clues): string | undefined {
  const found = finding('gradients-missing');
  if (found === undefined) return undefined;
  const isTrained = (state: typeof resume.last, name: string): boolean | undefined =>
    tensorsOf(state, 'parameter').get(name)?.trainable;
  const frozen = [...tensorsOf(resume.controlLast, 'parameter').values()].filter(
    ({ name, trainable }) =>
      trainable === true && isTrained(resume.saved, name) === false && isTrained(resume.last, name) === false,
  );
  const names = new Set(frozen.map(({ name }) => name));
  if (frozen.length !== found.subjectCount || !found.subjects.every((name) => names.has(name)))
    return undefined;
  const total = tensorsOf(resume.controlLast, 'parameter').size;
  const [are, them] = frozen.length === 1 ? ['is', 'it'] : ['are', 'them'];
  return `${whichOf(frozen, total, 'parameter')} ${are} still frozen at step ${resume.to}, though the control has unfrozen ${them}: what unfreezes ${them} (a schedule, a count, a metric) is not restored, or not observed`;
}
