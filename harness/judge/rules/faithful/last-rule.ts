/** A rule on the end of a segment. */
import type { TensorRecord } from '../../../trace/schema.ts';
import type { Resume } from '../../evidence.ts';
import { type Curve, type Quantity, type Readings, tensorReadings } from '../../quantities.ts';
import { eachResume, type Found, type Rule } from '../../rule.ts';
import { figure, ofAll, plural, valuesApart } from '../../words.ts';
import { type Departure, departures } from './departures.ts';

interface Last {
  readonly mine: Readings;
  readonly theirs: Readings;
}

/** Makes a rule that compares the end of a segment with the control: exactly, or within the noise of the controls. */
export function lastRule(
  id: string,
  quantity: Exclude<Quantity, Curve>,
  noun: string,
  likelyCause: string,
  lastOf: (resume: Resume) => Last | undefined,
): Rule {
  return {
    id,
    proof: 'faithful',
    claim: `At the end, every ${noun} equals the control’s: exactly, or within the noise of several controls.`,
    reads: `the ${noun}s at the end of the segment, in both runs`,
    speaks: 'at the end of the segment',
    judge: eachResume((resume, { noise }) => {
      const last = lastOf(resume);
      if (last === undefined) return undefined;
      const { mine, theirs } = last;
      const different = departures(new Set([...theirs.keys(), ...mine.keys()]), (name) => {
        const same = theirs.get(name)?.digest === mine.get(name)?.digest;
        // Without a norm, noise cannot be measured: the bytes are judged if all controls have the same.
        if (!noise.exact && [mine, theirs].some((all) => all.get(name)?.values.length === 0)) {
          const apart = !same && noise.settled(quantity, resume.to, name);
          return { expected: null, seen: null, difference: apart ? Number.POSITIVE_INFINITY : 0, allowed: 0 };
        }
        // A norm without a sketch on one side only: neither is told to be something else.
        const [own, other] = [mine.get(name), theirs.get(name)];
        if (same || !noise.exact) {
          if (own !== undefined && other !== undefined && own.values.length !== other.values.length)
            return { expected: null, seen: null, difference: 0, allowed: 0 };
        }
        const compared = noise.compare(quantity, resume.to, name, mine.get(name));
        // An exact comparison uses the bytes: different values may share a norm and a sketch.
        return compared.allowed === 0 && !same && compared.difference === 0
          ? { ...compared, difference: Number.POSITIVE_INFINITY }
          : compared;
      });
      const [first] = different;
      if (first === undefined) return undefined;
      const total = new Set([...mine.keys(), ...theirs.keys()]).size;
      return {
        sentence: `At step ${resume.to}, ${ofAll(different.length, total, noun)} ${plural(different.length, 'differs', 'differ')} from the control’s.`,
        subjects: different.map(({ name }) => name),
        total,
        step: resume.to,
        ...lastSides(first, mine, theirs),
        likelyCause,
        fix: 'look for the first step that differs, and for what was not restored before it',
      };
    }),
  };
}

function lastSides(
  { name, allowed, difference }: Departure,
  mine: Readings,
  theirs: Readings,
): Pick<Found, 'expected' | 'seen'> {
  if ([mine, theirs].some((all) => all.get(name)?.values.length === 0)) {
    const digest = (readings: Readings): string => {
      const digest = readings.get(name)?.digest;
      return digest === undefined ? 'none' : `digest ${digest.slice(0, 12)}…`;
    };
    return { expected: `'${name}': ${digest(theirs)}, exactly`, seen: digest(mine) };
  }
  const [seen, expected] = valuesApart(mine.get(name)?.values[0], theirs.get(name)?.values[0]);
  const norm = (readings: Readings, text: string): string =>
    readings.has(name) ? `L2 norm ${text}` : 'none';
  const bytes = seen === expected ? ', with different bytes' : '';
  return {
    expected: `'${name}': ${norm(theirs, expected)}${allowed === 0 ? ', exactly' : `; norm and sketch within a relative difference of ${figure(allowed)}`}`,
    seen: `${norm(mine, seen)}${allowed === 0 ? bytes : `; a relative difference of ${figure(difference)}`}`,
  };
}

export const lastTensors = (
  id: string,
  kind: Exclude<TensorRecord['kind'], 'gradient'>,
  noun: string,
): Rule =>
  lastRule(
    id,
    kind,
    noun,
    'the run differed from the control at the resume, or departed from it later',
    ({ last, controlLast }) =>
      last === undefined || controlLast === undefined
        ? undefined
        : { mine: tensorReadings(last, kind), theirs: tensorReadings(controlLast, kind) },
  );
