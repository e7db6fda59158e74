/** The noise statistics keep the promised rate of false alarms for any kind of noise: tested on random traces. */
import { expect, test } from 'vitest';
import { RandomStream } from '../../training/random-stream.ts';
import { collectEvidence } from '../collect.ts';
import { findingsOf } from '../judge.ts';
import { type Draft, healthyTraces } from '../testing/traces.ts';
import { FALSE_ALARM } from './noise.ts';

const PLAN = { steps: 12, resumeAt: [4, 8] };
const VERDICTS = 250;

/** The relative error of one value of a run. One of these is made per run. */
type Draw = (thing: string, step: number, place: number) => number;

const normal = (stream: RandomStream): number => stream.gaussian(1)[0]!;
/** Student's t with 3 degrees of freedom: its fourth moment is infinite. */
const heavy = (stream: RandomStream): number => {
  const squares = [...stream.gaussian(3)].reduce((sum, value) => sum + value * value, 0);
  return normal(stream) / Math.sqrt(squares / 3);
};
/** Keeps one number for each key. */
const kept = (make: () => number): ((key: string) => number) => {
  const known = new Map<string, number>();
  return (key) => {
    if (!known.has(key)) known.set(key, make());
    return known.get(key)!;
  };
};
/** A thing's scale, which varies over some orders of magnitude and is the same in all runs. */
const scaleOf = (thing: string): number =>
  10 ** ([...thing].reduce((sum, c) => sum + c.charCodeAt(0), 0) % 4);

const MODELS: Readonly<Record<string, (stream: RandomStream) => Draw>> = {
  'independent in each value': (stream) => () => normal(stream),
  'independent, with heavy tails': (stream) => () => heavy(stream),
  'of a different scale in each thing': (stream) => (thing) => scaleOf(thing) * normal(stream),
  'one random number per run': (stream) => {
    const amplitude = normal(stream);
    return (thing, step) => amplitude * scaleOf(thing) * Math.cos(step);
  },
  'one random number per thing': (stream) => {
    const amplitude = kept(() => normal(stream));
    return (thing, step) => amplitude(thing) * scaleOf(thing) * step;
  },
  'a random walk of each thing': (stream) => {
    const walks = new Map<string, number[]>();
    return (thing, step) => {
      const walk = walks.get(thing) ?? [];
      walks.set(thing, walk);
      while (walk.length <= step) walk.push((walk.at(-1) ?? 0) + normal(stream));
      return walk[step]!;
    };
  },
  'chaos: doubled in each step': (stream) => {
    const amplitude = kept(() => normal(stream));
    return (thing, step, place) => amplitude(`${thing} ${place}`) * 2 ** step;
  },
};

function disturb(trace: Draft, level: number, draw: Draw): void {
  const times = (value: number, thing: string, step: number, place = 0): number =>
    value * (1 + level * draw(thing, step, place));
  for (const step of trace.steps) {
    step.claimed.loss = times(step.claimed.loss, 'loss', step.step);
    for (const curve of ['l2', 'updateL2', 'gradientL2'] as const) {
      step[curve] = step[curve].map((value, at) =>
        // The frozen parameter does not change.
        value === null || !step.changed[at] ? value : times(value, `${curve} ${at}`, step.step),
      ) as number[];
    }
  }
  for (const { at, step, tensors } of trace.states) {
    if (at === 'start' || at === 'resume' || at === 'save') continue;
    for (const tensor of tensors.filter(({ name }) => name !== 'frozen')) {
      const thing = `${tensor.kind} ${tensor.name}`;
      tensor.l2 = times(tensor.l2, thing, step);
      tensor.sketch = tensor.sketch!.map((sum, place) => times(sum, thing, step, place + 1));
    }
  }
}

test.each(Object.keys(MODELS))('no false alarm with noise that is %s', (model) => {
  const alarms: string[] = [];
  for (let verdict = 0; verdict < VERDICTS; verdict++) {
    const traces = healthyTraces({ plan: PLAN, noisy: true });
    traces.all.forEach((trace, run) => {
      const stream = RandomStream.fromSeed(Math.imul(verdict * 16 + run + 1, 0x9e3779b1));
      disturb(trace, 1e-6, MODELS[model]!(stream));
    });
    const evidence = collectEvidence(PLAN, 'wasm', traces.all);
    expect(evidence.noise.exact).toBe(false);
    // The disturbed norms no longer fit the bytes, which have not changed.
    const findings = findingsOf(evidence).filter(({ proof }) => proof !== 'run');
    alarms.push(...findings.map(({ sentence }) => sentence));
  }
  // One false alarm is expected in forty such tests.
  expect(VERDICTS * FALSE_ALARM).toBeLessThan(1 / 39);
  expect(alarms).toEqual([]);
});
