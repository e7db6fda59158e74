import type { Rule } from '../../rule.ts';
import { changeAt, type Whys } from './state-changes.ts';

const WHYS: Whys = {
  averaged: {
    likelyCause: 'the averaged weights are put into the model for sampling and not taken out again',
    fix: 'keep a copy of the trained weights, and put it back after sampling, also if it fails',
  },
  parameter: {
    likelyCause:
      'weights are replaced, merged or rounded for sampling, and the trained ones are not put back',
    fix: 'sample from a copy, or put the trained weights back after sampling, also if it fails',
  },
  buffer: {
    likelyCause: 'the model samples in training mode, so its running statistics take in the samples',
    fix: 'switch to evaluation mode to sample, and back to training mode afterwards',
  },
  slot: {
    likelyCause: 'sampling steps, resets or recreates the optimizer',
    fix: 'leave the optimizer alone while sampling',
  },
  gradient: {
    likelyCause: 'sampling drops the gradients that are accumulated, or adds its own',
    fix: 'sample without recording gradients, and do not reset them',
  },
  ema: {
    likelyCause: 'the averages and the weights are exchanged for sampling, and not exchanged back',
    fix: 'sample from a copy, or exchange them back after sampling, also if it fails',
  },
  random: {
    likelyCause: 'samples are drawn from a generator of the training',
    fix: 'draw samples from a generator of their own, with a fixed seed',
  },
  counters: {
    likelyCause: 'sampling counts as training, or resets what is counted',
    fix: 'let only training steps change these counters',
  },
};

export const samplingChangesState: Rule = {
  id: 'sampling-changes-state',
  proof: 'alive',
  claim: 'Drawing samples leaves everything as it was that training changes or a resume restores.',
  reads:
    'the states right before and after samples are drawn, in each process: tensors, generators, counters',
  speaks: 'before the first step',
  judge: (evidence) => {
    const { traces, control } = evidence;
    // One finding, of the first process that shows it: the others repeat it.
    for (const trace of [...(control === undefined ? [] : [control]), ...traces]) {
      const found = changeAt(evidence, trace, 'sampled', {
        act: 'Drawing samples',
        acted: 'the samples',
        whys: WHYS,
      });
      if (found !== undefined) return [found];
    }
    return [];
  },
};
