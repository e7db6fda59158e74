/** The stages as the states at the end of a segment show them, for what steps do not record. */
import type { TensorRecord } from '../../trace/schema.ts';
import { type Resume, tensorsOf } from '../evidence.ts';
import type { Noise } from '../noise/noise.ts';
import { type Reading, type Readings, sampleReadings, tensorReadings } from '../quantities.ts';
import { type Parted, type Sight, sightOfEntries } from './sight.ts';
import type { Stage } from './stages.ts';

type Measured = 'parameter' | 'slot' | 'ema' | 'buffer' | 'sample';

/** What the last state of the segment shows of a stage; undefined if it does not show it. */
export function lookAtEnd(stage: Stage, resume: Resume, noise: Noise): Sight | undefined {
  const { last, controlLast, samples, to } = resume;
  if (last === undefined || controlLast === undefined || resume.from === to) return undefined;
  switch (stage) {
    case 'random':
      return sightOfEntries(controlLast.random, last.random);
    case 'counter':
      return sightOfEntries(controlLast.counters, last.counters);
    case 'slot':
    case 'parameter':
    case 'buffer':
    case 'ema':
      return measured(stage, tensorReadings(controlLast, stage), tensorReadings(last, stage), to, noise);
    case 'sample':
      return measured(stage, sampleReadings(samples.controlLast), sampleReadings(samples.last), to, noise);
    default:
      return undefined;
  }
}

function measured(
  stage: Measured,
  theirs: Readings,
  mine: Readings,
  to: number,
  noise: Noise,
): Sight | undefined {
  const among = [...theirs.keys()].filter((name) => mine.has(name));
  if (among.length === 0) return undefined;
  const parted = among.flatMap((name): Parted[] => {
    const [own, other] = [mine.get(name)!, theirs.get(name)!];
    if (own.digest === other.digest || isNoise(stage, to, name, own, noise)) return [];
    return [{ name, mine: own.values, theirs: other.values }];
  });
  return { parted, among };
}

function isNoise(stage: Measured, to: number, name: string, own: Reading, noise: Noise): boolean {
  if (noise.exact) return false;
  // The noise of a text cannot be measured.
  if (own.values.length === 0) return !noise.settled(stage, to, name);
  const { difference, allowed } = noise.compare(stage, to, name, own);
  return difference <= allowed;
}

/** Tensors of a kind that change in the control between the two states of a segment, and not in the resumed run. */
export function standingStill(resume: Resume, kind: TensorRecord['kind']): string[] {
  const [first, last] = [tensorsOf(resume.resumed, kind), tensorsOf(resume.last, kind)];
  const [controlFirst, controlLast] = [
    tensorsOf(resume.controlFirst, kind),
    tensorsOf(resume.controlLast, kind),
  ];
  return [...last.keys()].filter(
    (name) =>
      first.get(name)?.digest === last.get(name)?.digest &&
      controlLast.has(name) &&
      controlFirst.has(name) &&
      controlFirst.get(name)?.digest !== controlLast.get(name)?.digest,
  );
}
