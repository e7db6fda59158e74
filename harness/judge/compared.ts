/** How much a verdict rests on: what was recorded by a resumed process and by what it is compared with. */
import { keyOf } from '../trace/deviations.ts';
import { type Evidence, stepPairs } from './evidence.ts';
import type { Compared } from './verdict.ts';

/**
 * Counts each comparison once: the steps that a resumed run and the control both made, and what states and samples hold
 * on both sides at each resume and at the end of each segment.
 */
export function compared({ ranks }: Evidence): Compared {
  const [first, ...others] = ranks.map(ofRank);
  return others.reduce((sum, own) => {
    const keys = Object.keys(sum) as (keyof Compared)[];
    return Object.fromEntries(keys.map((key) => [key, sum[key] + own[key]])) as unknown as Compared;
  }, first!);
}

function ofRank({ traces, resumes }: Evidence): Compared {
  const count: { -readonly [Key in keyof Compared]: number } = {
    processes: traces.filter(({ run }) => run !== undefined && run.role !== 'cold').length,
    steps: 0,
    tensors: 0,
    samples: 0,
    generators: 0,
    counters: 0,
  };
  const both = (one: Iterable<string>, other: Iterable<string>): number => {
    const names = new Set(other);
    return [...one].filter((name) => names.has(name)).length;
  };
  for (const resume of resumes) {
    count.steps += stepPairs(resume).length;
    const { saved, resumed, last, controlLast, samples } = resume;
    for (const [one, other] of [
      [saved, resumed],
      [controlLast, last],
    ] as const) {
      if (one === undefined || other === undefined) continue;
      const keys = (state: typeof one) => state.tensors.map(keyOf);
      count.tensors += both(keys(one), keys(other));
      count.generators += both(Object.keys(one.random), Object.keys(other.random));
      count.counters += both(Object.keys(one.counters), Object.keys(other.counters));
    }
    const names = (some: typeof samples.saved) => some.map(({ name }) => name);
    count.samples += both(names(samples.saved), names(samples.resumed));
    count.samples += both(names(samples.controlLast), names(samples.last));
  }
  return count;
}
