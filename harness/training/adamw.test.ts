import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../backend/backend.ts';
import { type AdamWOptions, adamW } from './adamw.ts';
import { expectClose, learningRateAt, noise, train } from './testing/steps.ts';

/** PyTorch's torch.optim.AdamW (single tensor, no amsgrad), in double precision. */
function reference(shape: readonly number[], weightDecay: number, options: AdamWOptions) {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  const { initial, gradients } = noise(shape);
  const parameter = [...initial];
  const first = parameter.map(() => 0);
  const second = parameter.map(() => 0);
  gradients.forEach((gradient, index) => {
    const step = index + 1;
    const learningRate = learningRateAt(step);
    for (let i = 0; i < parameter.length; i++) {
      parameter[i]! *= 1 - learningRate * weightDecay;
      first[i]! += (gradient[i]! - first[i]!) * (1 - beta1);
      second[i] = second[i]! * beta2 + gradient[i]! ** 2 * (1 - beta2);
      const denominator = Math.sqrt(second[i]!) / Math.sqrt(1 - beta2 ** step) + epsilon;
      parameter[i]! -= ((learningRate / (1 - beta1 ** step)) * first[i]!) / denominator;
    }
  });
  return { parameter, slots: { exp_avg: first, exp_avg_sq: second } };
}

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test.each<[what: string, weightDecay: number, options: AdamWOptions]>([
    ['its defaults', 0, {}],
    ['weight decay', 0.1, {}],
    ['other decays of the moments', 0.1, { beta1: 0.5, beta2: 0.9 }],
    ['a large epsilon', 0.1, { epsilon: 0.3 }],
  ])('AdamW with %s matches PyTorch', (_, weightDecay, options) => {
    const { parameter, slots, learningRates } = train(adamW(options), [3, 4], weightDecay);
    const wanted = reference([3, 4], weightDecay, options);
    expectClose(parameter, wanted.parameter, 'parameter');
    expect(Object.keys(slots).sort()).toEqual(['exp_avg', 'exp_avg_sq']);
    expectClose(slots.exp_avg!, wanted.slots.exp_avg, 'exp_avg');
    expectClose(slots.exp_avg_sq!, wanted.slots.exp_avg_sq, 'exp_avg_sq');
    expect(learningRates).toEqual([1, 2, 3, 4, 5].map(learningRateAt));
  });
});
