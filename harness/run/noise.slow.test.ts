/** On a backend where equal runs differ, healthy resumes give no findings and faults do. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Regression } from '../../fixtures/trainers/regression.ts';
import { beginNoisyRun, openNoisy } from '../backend/testing/noisy.ts';
import type { Judgement } from '../judge/judge.ts';
import { NOISY_CONTROLS } from '../judge/noise/noise.ts';
import type { BackendRecord, Deviation, Plan } from '../trace/schema.ts';
import { adafactor } from '../training/adafactor.ts';
import { adamW } from '../training/adamw.ts';
import type { Scenario } from '../training/trainer.ts';
import { createNetwork, type Fault, momentum, type NetworkOptions } from './testing/network.ts';
import { rehearse } from './testing/rehearse.ts';

let scratch: string;
let backend: BackendRecord;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-noise-'));
  backend = await openNoisy();
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

let cases = 0;
/** Judges one scenario whose runs all have an error of their own. */
async function verdictOf(
  ulps: number,
  scenario: Pick<Scenario, 'trainer' | 'lacks' | 'deviates'>,
  plan: Plan,
): Promise<Judgement> {
  const number = cases++;
  const folder = path.join(scratch, String(number));
  tf.engine().startScope();
  try {
    const onRun = (run: number): void => beginNoisyRun({ ulps, kind: 'independent' }, 16 * number + run);
    return await rehearse({ scenario, plan, backend, folder, controls: NOISY_CONTROLS, onRun });
  } finally {
    tf.engine().endScope();
    await rm(folder, { recursive: true });
  }
}

const TRAINERS: Readonly<Record<string, NetworkOptions>> = {
  'momentum, tanh': { rule: momentum, learningRate: 0.05, activation: 'tanh', widths: [4, 16, 16, 1] },
  'momentum, relu': { rule: momentum, learningRate: 0.02, activation: 'relu', widths: [4, 12, 1] },
  'AdamW, relu': { rule: adamW(), learningRate: 0.01, activation: 'relu', widths: [4, 16, 16, 1] },
  'AdamW, deep': { rule: adamW(), learningRate: 0.01, activation: 'tanh', widths: [4, 8, 8, 8, 8, 1] },
  Adafactor: { rule: adafactor(), learningRate: 0.01, activation: 'tanh', widths: [4, 12, 12, 1] },
};

const network = (options: NetworkOptions, fault?: Fault): Pick<Scenario, 'trainer' | 'lacks'> => ({
  lacks: ['hooks', 'samples', 'random'],
  trainer: (context) =>
    createNetwork(context, { ...options, fault: context.role === 'after' ? fault : undefined }),
});

/** From rounding up to a hundred thousand times that: half precision and worse. */
const LEVELS = [1, 30, 1000];

describe('healthy runs stay silent', () => {
  test.each(Object.keys(TRAINERS))('%s: 39 verdicts', async (name) => {
    for (const ulps of LEVELS) {
      for (let turn = 0; turn < 13; turn++) {
        const verdict = await verdictOf(ulps, network(TRAINERS[name]!), { steps: 10, resumeAt: [5] });
        expect(verdict.noise?.exact).toBe(false);
        expect(verdict.findings, `${ulps} ulps, turn ${turn}`).toEqual([]);
      }
    }
  });

  test('with images, accumulated gradients, random state, and three resumes: 9 verdicts', async () => {
    for (let turn = 0; turn < 9; turn++) {
      const scenario: Pick<Scenario, 'trainer' | 'lacks'> = {
        lacks: ['hooks'],
        trainer: (context) => Regression.create(context, { accumulate: 3 }),
      };
      const verdict = await verdictOf(LEVELS[turn % 3]!, scenario, { steps: 14, resumeAt: [2, 5, 11] });
      expect(verdict.findings, `turn ${turn}`).toEqual([]);
    }
  });
});

describe('declared deviations', () => {
  const deviating = (omits: readonly Deviation[]): Pick<Scenario, 'trainer' | 'lacks' | 'deviates'> => ({
    lacks: ['hooks'],
    deviates: ['precision', 'slots', 'random', 'step-count'],
    trainer: (context) => Regression.create(context, { omits }),
  });
  const declared: readonly Deviation[] = ['precision', 'slots', 'random', 'step-count'];

  test('that happen give no findings in healthy runs: 9 verdicts', async () => {
    for (let turn = 0; turn < 9; turn++) {
      const plan = { steps: 9, resumeAt: [3, 6] };
      const verdict = await verdictOf(LEVELS[turn % 3]!, deviating(declared), plan);
      expect(verdict.noise?.exact).toBe(false);
      expect(verdict.findings, `turn ${turn}`).toEqual([]);
    }
  });

  test.each([
    ['precision', /'precision' did not happen: 3 of/],
    ['slots', /'slots' did not happen: 6 of/],
    ['random', /'noise'/],
    ['step-count', /'step'/],
  ] as const)('%s that does not happen is found', async (kind, says) => {
    const omits = declared.filter((each) => each !== kind);
    const { findings } = await verdictOf(1, deviating(omits), { steps: 6, resumeAt: [3] });
    expect(findings[0]?.rule).toBe('deviation-did-not-happen');
    expect(findings[0]?.sentence).toMatch(says);
  });
});

describe('faults are caught by measurements alone', () => {
  const faults: readonly (readonly [string, Fault, number])[] = [
    ['optimizer slots lost', { kind: 'slots lost' }, 1000],
    ['a batch replayed', { kind: 'batch replayed' }, 1000],
    ['a learning rate 1 % off', { kind: 'learning rate off', by: 0.01 }, 30],
    ['one weight 1 % off', { kind: 'weight off', by: 0.01 }, 1],
  ];
  test.each(faults)('%s', async (_, fault, most) => {
    for (const ulps of LEVELS.filter((level) => level <= most)) {
      for (const options of [TRAINERS['momentum, relu']!, TRAINERS['AdamW, deep']!]) {
        for (let turn = 0; turn < 3; turn++) {
          const { findings } = await verdictOf(ulps, network(options, fault), { steps: 10, resumeAt: [5] });
          const found = findings.filter(({ proof, refutes }) => proof === 'faithful' && refutes);
          expect(found.length, `${ulps} ulps, turn ${turn}`).toBeGreaterThan(0);
        }
      }
    }
  });
});
