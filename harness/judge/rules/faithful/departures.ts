/** Differences that exceed the noise of the controls. */
import type { Comparison } from '../../noise/noise.ts';
import type { Found } from '../../rule.ts';
import { figure, valuesApart } from '../../words.ts';

export interface Departure extends Comparison {
  readonly name: string;
}

/** The differences that exceed the noise, largest first. */
export function departures(names: Iterable<string>, compare: (name: string) => Comparison): Departure[] {
  return [...names]
    .map((name) => ({ name, ...compare(name) }))
    .filter(({ difference, allowed }) => difference > allowed)
    .sort((a, b) => b.difference - a.difference);
}

export function sides({ expected, seen, difference, allowed }: Comparison): Pick<Found, 'expected' | 'seen'> {
  const [mine, theirs] = valuesApart(seen, expected);
  return {
    expected: `${theirs}${allowed === 0 ? ', exactly' : `, within a relative difference of ${figure(allowed)}`}`,
    seen: `${mine}, a relative difference of ${figure(difference)}`,
  };
}
