import type { Rule } from '../../rule.ts';
import { changeAt, type Why, type Whys } from './state-changes.ts';

const because = (likelyCause: string): Why => ({
  likelyCause,
  fix: 'let save() read the live state only: copy what it converts, moves or clears',
});

const WHYS: Whys = {
  averaged: because('the averaged weights are put into the model to be saved and not taken out again'),
  parameter: because('weights are converted, merged or rounded in place to be saved'),
  buffer: because('statistics are converted or reset in place to be saved'),
  slot: because('the optimizer’s state is handed over to the checkpoint, converted in place or cleared'),
  gradient: because('gradients that are accumulated are dropped by the save'),
  ema: because('the averages are exchanged, converted or reset by the save'),
  random: because('the save draws from a generator of the training, or seeds it again'),
  counters: because('the save resets or advances what is counted'),
};

export const savingChangesState: Rule = {
  id: 'saving-changes-state',
  proof: 'alive',
  claim: 'Saving leaves everything as it was that training changes or a resume restores.',
  reads: 'the states right before and after each save of a run that saves and goes on',
  speaks: 'before the first step',
  judge: (evidence) => {
    const { saver } = evidence;
    const how = { act: 'Saving', acted: 'the save', whys: WHYS };
    const found = saver && changeAt(evidence, saver, 'saved', how);
    return found === undefined ? [] : [found];
  },
};
