/** What findings of each rule look like. Written by scripts/rules.ts, as docs/rules.md is. */
import type { Explanation } from './rule.ts';

export const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  'save-failed': {
    example: {
      sentence: 'The before process could not save at step 4: getWeights() is missing.',
      expected: 'a checkpoint',
      seen: 'getWeights() is missing',
    },
    likelyCauses: [
      'saving threw an error: the program, or a library that it saves with, cannot save this model',
    ],
    fixes: ['save the failing part in another way, such as its tensors and counters one by one'],
  },
  'not-finite': {
    example: {
      sentence:
        "In the control run, the update of step 1 made 1 of 4 parameters non-finite, although the gradients were finite: 'b'.",
      expected: "'b' stays finite, like its gradient of L2 norm 3",
      seen: 'L2 norm NaN after the update; the loss is NaN at step 8',
    },
    likelyCauses: [
      'the optimizer’s formula is undefined for these gradients, such as the root of a negative number or a division by zero',
      'the loss or its gradients overflowed or were undefined: the learning rate is too high, or the data contains values that are not finite',
    ],
    fixes: [
      'check what the optimizer computes for zero or tiny gradients, or use another optimizer',
      'make the scenario train without a resume first: lower the learning rate, clip the gradients, check the data',
    ],
  },
  'run-died': {
    example: {
      sentence: 'The after-1 process died: resume-refused at step 4: wrong-hash more.',
      expected: 'the process exits with code 0',
      seen: 'resume-refused at step 4: wrong-hash more; its last lines: at load\nwrong-hash',
    },
    likelyCauses: [
      'the checkpoint was refused when it was loaded',
      'the backend wasm lacks a kernel that the program uses',
      'the program threw an error, was killed by a signal, or ran out of time or memory',
    ],
    fixes: [
      'run the replay command and read the trace; raise the scenario’s limits if the run was only slow',
      "run it on another backend, or declare kernels: ['UnsortedSegmentSum'] to skip the scenario on backends without it",
    ],
  },
  'trace-incomplete': {
    example: {
      sentence: 'The trace of the after-1 process ends before the run did.',
      expected: 'a complete trace with an end record, in which each line matches docs/trace.schema.json',
      seen: '4 steps, 2 states; the file ends before the run did',
    },
    likelyCauses: [
      'the process was stopped early, or the file was changed, emptied or written by another program',
      'the process never started, its first record was never written, or its file was lost',
      'its traces were not collected, or each rank wrote to the same file',
    ],
    fixes: [
      'run the scenario again; validate the program that writes the trace against docs/trace.schema.json',
      'check the findings about the earlier processes; run the scenario again',
      'write the trace of each rank to a folder of its own, and pass all of them to the judge',
    ],
  },
  'state-missing': {
    example: {
      sentence: 'No state was recorded right after the resume: resume 1 cannot be judged.',
      expected: 'a state record with at least one tensor',
      seen: 'none',
    },
    likelyCauses: ['the probe was not attached, the trainer showed it no tensors, or the trace was changed'],
    fixes: [
      'return the trainer’s parameters from observe(); write state records at the save, the resume and the end',
    ],
  },
  'backend-fell-back': {
    example: {
      sentence: 'The after-1 process ran on cpu (CPU) instead of wasm.',
      expected: 'wasm on CPU in every process',
      seen: 'cpu on CPU',
    },
    likelyCauses: ['the process could not open the backend and used another one'],
    fixes: ['run `resumeproof doctor` to see which backends this machine supports'],
  },
  'nothing-after-resume': {
    example: {
      sentence: 'Nothing was trained after resume 1: its trace has no steps.',
      expected: 'steps 5 to 8',
      seen: 'no steps',
    },
    likelyCauses: ['the probe recorded nothing, or the loop ended early'],
    fixes: [
      'let the plan continue after its last resume point; check that the trainer’s step runs one iteration',
    ],
  },
  'sampling-changes-state': {
    example: {
      sentence:
        'Drawing samples changes what is trained: after the samples of step 4 in the control process, 3 of 4 parameters have the values of their EMAs.',
      expected: "'a': L2 norm 10.25, digest 4ef855e3b4cb…",
      seen: "'a': L2 norm 10.25, digest cf6b2b942309…",
    },
    likelyCauses: [
      'the averaged weights are put into the model for sampling and not taken out again',
      'the model samples in training mode, so its running statistics take in the samples',
    ],
    fixes: [
      'keep a copy of the trained weights, and put it back after sampling, also if it fails',
      'switch to evaluation mode to sample, and back to training mode afterwards',
    ],
  },
  'saving-changes-state': {
    example: {
      sentence:
        'Saving changes what is trained: after the save of step 4 in the saver process, all 6 optimizer slots changed.',
      expected: "'a.exp_avg': L2 norm 5, digest b346c4d77250…",
      seen: "no 'a.exp_avg'",
    },
    likelyCauses: ['the optimizer’s state is handed over to the checkpoint, converted in place or cleared'],
    fixes: ['let save() read the live state only: copy what it converts, moves or clears'],
  },
  'saver-departs': {
    example: {
      sentence:
        "A run that saves and never samples departs from the control, which samples and never saves, at step 5: after sampling, 'noise' stands still in the control: the model stays in evaluation mode, or sampling stops something else.",
      expected: 'loss 0.2000, as in the control',
      seen: 'loss 0.4500',
    },
    likelyCauses: [
      "after sampling, 'noise' stands still in the control: the model stays in evaluation mode, or sampling stops something else",
    ],
    fixes: ['switch back to training mode after sampling, also if it fails, and put back what it stops'],
  },
  'checkpoint-changes-later': {
    example: {
      sentence:
        "The checkpoint 'step-4' was written again after save() had returned, while training went on: 'step-4/model.bin'.",
      expected: 'the files that were there when save() had returned',
      seen: 'other contents',
    },
    likelyCauses: [
      'the save is still being written in the background, or a later save or the training writes to the same files',
    ],
    fixes: [
      'copy the state before save() returns, let save() resolve once everything is written, and write to each checkpoint once',
    ],
  },
  'later-save-not-restored': {
    example: {
      sentence:
        'Resumed from the checkpoint of step 4, which is not the first of the process that saved it, not everything is as it was saved: all 6 optimizer slots changed.',
      expected: "'a.exp_avg': L2 norm 5, digest b346c4d77250…",
      seen: "'a.exp_avg': L2 norm 5, digest ffffffffffff…",
    },
    likelyCauses: [
      'the save keeps something from an earlier save of the same process (a snapshot, a buffer, a file name), or leaves out what had not changed at the first',
    ],
    fixes: ['take a new snapshot of all state in each save()'],
  },
  'traces-contradict': {
    example: {
      sentence: 'The trace of the before run gives another seed than the control run.',
      expected: '0',
      seen: '1',
    },
    likelyCauses: ['a recorder that measures or writes wrongly, or a trace that was changed afterwards'],
    fixes: ['run the scenario again; check the writer of the trace against docs/trace.md'],
  },
  'not-reproducible': {
    example: {
      sentence:
        'Two runs of this program differ before any resume, at step 3: the program is not reproducible.',
      expected: 'loss 0.333333333 in both runs',
      seen: 'loss 0.333333334',
    },
    likelyCauses: [
      'an unseeded random generator, the clock, the order of files or saving itself influences training',
    ],
    fixes: ['seed every generator from the context’s seed, and sort the files that are read from disk'],
  },
  'deviation-not-declared': {
    example: {
      sentence: "At step 4, the control’s deviation changed undeclared state: 'slot a.exp_avg'.",
      expected: "changes of 'step-count' only",
      seen: "slot 'a.exp_avg': L2 norm 5, bytes ffffffff… instead of L2 norm 5, bytes b346c4d7…",
    },
    likelyCauses: [
      'deviate() changes more than the declared kinds, or a name belongs to a different kind than expected',
    ],
    fixes: [
      'declare that kind too, do not change it in deviate(), or name the counter as in the table in docs/trace.md',
    ],
  },
  'deviation-did-not-happen': {
    example: {
      sentence:
        "After resume 1, the declared deviation 'random' did not happen: 1 of 3 deviating entries has the saved value: 'dropout'.",
      expected: "'dropout': state 503bc5bf…, as in the control after its deviation",
      seen: "'dropout': state ecdbb6f4…, as saved",
    },
    likelyCauses: [
      'the trainer restores state that the scenario declares as not restored: the declaration is out of date, or the checkpoint holds more than expected',
      'deviate() does nothing for that kind, the trainer does not show that state to the probe, or there is nothing to lose at these steps',
    ],
    fixes: [
      "remove 'random' from deviates, or do not restore it",
      "remove 'loss-scale' from deviates, show the deviating state in observe(), or move the resume point",
    ],
  },
  'change-did-not-happen': {
    example: {
      sentence:
        "After resume 1, the change to batchSize 2 did not happen: the only counter that the control changed has the saved value: 'lossScale'.",
      expected: "'lossScale': 512, as in the control after the change",
      seen: "'lossScale': 1024, as saved",
    },
    likelyCauses: [
      'the resume restores the settings of the run that saved, or computes from them, and ignores the ones it was given',
    ],
    fixes: [
      'apply the settings of this run after the restore: recompute the schedule, and keep lengths and sizes out of what is restored',
    ],
  },
  'ranks-resume-apart': {
    example: {
      sentence:
        'At resume 1, the ranks resumed from different checkpoints: rank 0 from step 4 of before, rank 1 from step 2 of before.',
      expected: 'all 2 ranks from step 4 of before',
      seen: 'rank 0 from step 4 of before, rank 1 from step 2 of before',
    },
    likelyCauses: [
      'each rank looks for its latest checkpoint itself, and the latest of one is older: its last save failed, or was not yet on its disk',
    ],
    fixes: ['let one rank choose the step of which all ranks have a checkpoint, and tell the others'],
  },
  'parameters-not-restored': {
    example: {
      sentence: 'After resume 1, 1 of 4 parameters is not what was saved.',
      expected: 'float32 [2,3], L2 norm 10.25',
      seen: 'float32 [2,3], L2 norm 10.25, with different bytes',
    },
    likelyCauses: [
      'the load skipped them, converted them, or stored them under other names, or something wrote to them after the load',
      'they have their initial values: nothing was loaded, or they were initialised after the load',
    ],
    fixes: [
      'load strictly, so that every name must match, and write nothing to the parameters after the load',
    ],
  },
  'trainable-changed': {
    example: {
      sentence:
        "After resume 1, the trainable flag of 1 of 4 parameters differs from the saved one: 'frozen'.",
      expected: "'frozen': frozen",
      seen: "'frozen': trainable",
    },
    likelyCauses: [
      'the load created new parameters with the default flag, or what freezes parameters runs at a different point, or by a count that is not restored',
    ],
    fixes: ['set the trainable flags after the load, from the same configuration as at the start of the run'],
  },
  'groups-changed': {
    example: {
      sentence: "After resume 1, the parameter group of 1 of 4 parameters differs from the saved one: 'a'.",
      expected: "'a': first",
      seen: "'a': second",
    },
    likelyCauses: [
      'groups were matched by position and their order changed, or a group was built from a different list',
    ],
    fixes: ['build the groups from names, in the same order, before the optimizer is restored'],
  },
  'ties-changed': {
    example: {
      sentence:
        "After resume 1, the shared storage of 2 of 4 parameters differs from the saved one: 'a', 'b'.",
      expected: "'a': not shared",
      seen: "'a': shared with b",
    },
    likelyCauses: ['the load gave each name its own tensor, or gave one tensor to names that were not tied'],
    fixes: ['tie the parameters again after the load, as the model’s constructor does'],
  },
  'equals-cold-start': {
    example: {
      sentence:
        'The run after resume 1 equals a cold start with the checkpoint’s parameters in every loss, norm and update: all other state was lost.',
      expected: 'loss 0.2000 at step 5, as in the control',
      seen: 'loss 0.6000, as in the cold start; all 4 steps equal the cold start’s',
    },
    likelyCauses: [
      'only the parameters were loaded: the optimizer, the schedule, the data and the random generators restarted',
    ],
    fixes: ['also load the optimizer state, the schedule, the data cursor and the random state'],
  },
  'gradients-missing': {
    example: {
      sentence:
        "After resume 1, all 3 parameters got no gradient in 4 steps, although the loss was still printed: 'a', 'b', 'c'.",
      expected: 'gradients, as in the control',
      seen: 'none; 12 gradients of variables that are not the trainer’s parameters',
    },
    likelyCauses: [
      'the loss was built on variables other than the trained ones (the pre-restore model, a copy, or a model without its adapters), or the parameters were restored as frozen',
    ],
    fixes: ['build the loss on the restored model, after the load and after adapters are attached'],
  },
  'hooks-silent': {
    example: {
      sentence:
        'After resume 1, no gradient hook fired and nothing moved in 4 steps: the hooks are not on the trained variables.',
      expected: '12 hook calls, as in the control',
      seen: '0 hook calls',
    },
    likelyCauses: [
      'the hooks were registered before the resume, which replaced the hooked variables, or were never registered',
    ],
    fixes: ['register gradient hooks on the trained variables, after everything is restored'],
  },
  'updates-go-astray': {
    example: {
      sentence: 'After resume 1, updates go to variables that the trainer no longer trains.',
      expected: '0 updates and hook calls outside the trainer’s parameters',
      seen: '12',
    },
    likelyCauses: ['an optimizer or a hook holds the pre-restore parameters, which the restore replaced'],
    fixes: [
      'build optimizers and hooks on the restored parameters, or restore into the variables that they hold',
    ],
  },
  'learning-rate-not-as-claimed': {
    example: {
      sentence:
        'After resume 1, every gradient hook fires, but the update of 3 of 4 parameters uses learning rate 0 while the log shows 0.02000, and nothing moved in 4 steps.',
      expected: 'learning rate 0.02000 inside the update, as logged; the control uses 0.02000',
      seen: "learning rate 0 inside the update of 'a'; 12 hook calls, 12 in the control",
    },
    likelyCauses: [
      'the hooks (or the optimizer) hold another parameter group than the one that the schedule drives, such as that from before the restore, or the log is not of the rate that updates use',
    ],
    fixes: [
      'register the hooks after the restore, or look up the group in each call instead of capturing it',
    ],
  },
  'silent-no-op': {
    example: {
      sentence:
        'After resume 1, nothing is trained: none of 3 parameters moved in 4 steps, although the loss was still printed.',
      expected: 'updates of L2 norm 0.9518 per step, as in the control',
      seen: '0 over all steps; the last printed loss is 0.1250',
    },
    likelyCauses: [
      'no update reaches the parameters: the hooks or the optimizer hold objects that the resume replaced, the learning rate is 0, or every step is skipped or undone',
    ],
    fixes: [
      'check the hook calls and the learning rates inside the updates; attach hooks and optimizers after the restore',
    ],
  },
  'stalled-parameters': {
    example: {
      sentence: "After resume 1, 1 of 3 parameters did not move in 4 steps: 'c'.",
      expected: "'c' moves by 1.904 in these steps",
      seen: '0',
    },
    likelyCauses: [
      'their hook, gradient, learning rate or place in a parameter group was lost, they were restored as frozen, or what decides whether they are trained (a phase, a stop) is not restored',
    ],
    fixes: ['compare this list with the parameters that are hooked, grouped and trainable after the restore'],
  },
  'frozen-parameters-move': {
    example: {
      sentence: "After resume 1, 1 of 4 parameters moves, although it does not in the control: 'frozen'.",
      expected: 'no change',
      seen: "'frozen' moved by 0",
    },
    likelyCauses: [
      'they were restored as trainable or added to a parameter group, or what freezes or skips them in the control (a phase, a turn) is not restored',
      'the resumed run makes updates in steps in which the control makes none: the accumulation window, or what skips or stops training, differs',
    ],
    fixes: [
      'freeze them again after the load, before the optimizers and hooks are built',
      'save and restore the micro-batch count, the loss scale and what stops training',
    ],
  },
  'slots-not-restored': {
    example: {
      sentence: "After resume 1, 2 of 6 optimizer slots are missing, including all of group 'second'.",
      expected: 'float32 [2,3], L2 norm 5',
      seen: 'none',
    },
    likelyCauses: [
      "the optimizer state of 'second' was left out of the checkpoint, or was saved but never read: the optimizer was created, or registered with the checkpoint, after the restore",
      "the optimizer state of 'first', 'second' was left out of the checkpoint, or was saved but never read: the optimizer was created, or registered with the checkpoint, after the restore",
      'the slots were created again after the restore, the restore filled different ones, or they were not saved',
      'the slots belong to other parameters: they were matched by position, not by name',
      'they were converted, cut or ordered differently, belong to a different step, or a step ran during the restore',
    ],
    fixes: ['create and register every optimizer before the restore, and map slots to parameters by name'],
  },
  'gradients-not-restored': {
    example: {
      sentence: 'After resume 1, all 3 accumulated gradients are missing.',
      expected: 'float32 [2,3], L2 norm 5',
      seen: 'none',
    },
    likelyCauses: [
      'the run was saved mid-accumulation, and the accumulated gradients were not saved or not loaded',
    ],
    fixes: ['save only after an update, or also save the accumulated gradients and the micro-batch count'],
  },
  'buffers-not-restored': {
    example: {
      sentence: 'After resume 1, the only buffer is not what was saved.',
      expected: 'float32 [2,3], L2 norm 5',
      seen: 'float32 [2,3], L2 norm 5, with different bytes',
    },
    likelyCauses: [
      'the save or the load left them out, as where only trainable parameters are saved, or something wrote to them after the load',
    ],
    fixes: ['save and load the whole state of the model, not only its trainable parameters'],
  },
  'counters-not-restored': {
    example: {
      sentence:
        "After resume 1, 1 of 3 counters is not what was saved: 'lossScale' is 65536 instead of 1024.",
      expected: 'lossScale 1024',
      seen: 'lossScale 65536',
    },
    likelyCauses: [
      'they were not saved, are computed from what was not restored, belong to objects that were created or registered after the restore, or the restore counts differently',
      'the values agree only in their first digits: they were not restored but recomputed by a different formula, such as one power instead of a product step by step',
    ],
    fixes: ['save each schedule, counter and cursor, and restore it once the object that holds it exists'],
  },
  'random-not-restored': {
    example: {
      sentence: "After resume 1, 1 of 2 random generators does not continue from its saved state: 'noise'.",
      expected: 'state 9b0fdd153d87…',
      seen: 'state ed16b67ea294…',
    },
    likelyCauses: ['the resume seeded the generator again: its state equals the one at the start of the run'],
    fixes: ['save the state of each generator and restore it last, right before the first step'],
  },
  'ema-not-restored': {
    example: {
      sentence: 'After resume 1, all 3 EMAs are not what was saved.',
      expected: 'float32 [2,3], L2 norm 5',
      seen: 'float32 [2,3], L2 norm 5, with different bytes',
    },
    likelyCauses: ['they equal the live parameters: the EMA was started again from them'],
    fixes: ['save the EMA and its counter, and restore both after the EMA is built'],
  },
  'samples-differ-at-resume': {
    example: {
      sentence: 'Right after resume 1, 1 of 4 samples differs from the one taken at the save.',
      expected: 'digest 3adefd1e86ed…',
      seen: 'digest ffffffffffff…',
    },
    likelyCauses: [
      'the inputs of the sampler were not restored: the parameters, their EMA, or the sampler’s own noise',
    ],
    fixes: ['sample from the restored tensors, with a fixed seed for each sample'],
  },
  'hook-counts-differ': {
    example: {
      sentence:
        "After resume 1, the number of hook calls differs from the control’s for 3 of 4 parameters: 8 instead of 4 for 'a' in 4 steps.",
      expected: "4 for 'a'",
      seen: "8 for 'a'",
    },
    likelyCauses: ['hooks were registered twice, or only on some of the parameters'],
    fixes: ['register each hook once, after the resume, and remove the old hooks'],
  },
  'update-counts-differ': {
    example: {
      sentence:
        "After resume 1, the number of optimizer updates differs from the control’s for 1 of 4 parameters: 5 instead of 4 for 'a' in 4 steps.",
      expected: "4 for 'a'",
      seen: "5 for 'a'",
    },
    likelyCauses: [
      'the update is applied twice (in a hook and by the loop) or skipped, or the accumulation window has a different length or phase',
    ],
    fixes: ['apply the update in one place only, and restore the micro-batch count'],
  },
  'claim-contradicted': {
    example: {
      sentence: 'After resume 1, the trainer reports an update at 1 of 4 steps, but no parameter changed.',
      expected: 'parameters change at each step that reports an update',
      seen: '0 of 4 parameters changed at step 5',
    },
    likelyCauses: ['the log reports what the loop requested, not what happened to the parameters'],
    fixes: ['log a measured quantity, such as the update norm'],
  },
  'slots-do-not-advance': {
    example: {
      sentence: 'From resume 1 to step 8, all 6 optimizer slots did not advance.',
      expected: "'a.exp_avg': L2 norm 9 at step 8, as in the control",
      seen: '9, as right after the resume',
    },
    likelyCauses: ['the optimizer does not update these parameters, updates others, or keeps other slots'],
    fixes: ['check which parameters the optimizer’s groups and the hooks hold after the restore'],
  },
  'ema-does-not-advance': {
    example: {
      sentence: 'From resume 1 to step 8, 1 of 3 EMAs did not advance.',
      expected: "'b': L2 norm 9 at step 8, as in the control",
      seen: '9, as right after the resume',
    },
    likelyCauses: ['the EMA is no longer updated, or follows parameters that do not move'],
    fixes: ['update the EMA from the trained parameters after each update'],
  },
  'buffers-do-not-advance': {
    example: {
      sentence: 'From resume 1 to step 8, the only buffer did not advance.',
      expected: "'running_mean': L2 norm 9 at step 8, as in the control",
      seen: '9, as right after the resume',
    },
    likelyCauses: [
      'what decides whether and when they are updated (training mode, a count, an interval, a phase) was not restored, or other buffers are updated',
    ],
    fixes: [
      'switch to training mode after the load, restore what decides when buffers are updated, and update those that are observed',
    ],
  },
  'random-does-not-advance': {
    example: {
      sentence: "From resume 1 to step 8, nothing was drawn from 1 of 2 random generators: 'dropout'.",
      expected: 'a different state than right after the resume, as in the control',
      seen: 'the same state',
    },
    likelyCauses: [
      'the model was resumed in evaluation mode, the code that draws from this generator is skipped, or its state is put back',
    ],
    fixes: ['switch to training mode after the load, before the first step'],
  },
  'samples-unchanged': {
    example: {
      sentence: 'From resume 1 to step 8, all 4 samples stayed exactly the same.',
      expected: 'another one than at step 4, as in the control',
      seen: 'the same one',
    },
    likelyCauses: [
      'the parameters behind the samples are not trained: nothing moves, or the samples come from a copy',
    ],
    fixes: ['check the update norms; sample from the variables that the optimizer writes'],
  },
  'batches-differ': {
    example: {
      sentence:
        "After resume 1, the batches differ from the control’s from step 5 on: 'image 6' instead of 'image 5'.",
      expected: "'image 5'",
      seen: "'image 6'",
    },
    likelyCauses: [
      'what selects the examples was not restored, or follows from a training that differs: a position, an order, a seed, or what they are drawn by',
    ],
    fixes: [
      'save and restore what selects the examples: the epoch, the position, the shuffle seed, and what they are drawn by',
    ],
  },
  'learning-rate-differs': {
    example: {
      sentence:
        'After resume 1, the learning rate of 1 of 2 groups differs from the control’s from step 5 on: second 0.05000 instead of second 0.04000.',
      expected: 'second 0.04000',
      seen: 'second 0.05000',
    },
    likelyCauses: [
      'the schedule has another position, base rate, pace, length or formula, follows other values (a metric), or its rate reaches the optimizer late or never',
    ],
    fixes: ['save and restore each schedule, and build it before the restore'],
  },
  'applied-learning-rate-differs': {
    example: {
      sentence:
        "After resume 1, the learning rate inside the update of 'a' differs from the control’s from step 5 on: 1 instead of 0.02000.",
      expected: '0.02000',
      seen: '1',
    },
    likelyCauses: ['the update does not read its learning rate from where the restored schedule writes it'],
    fixes: ['let the update read its learning rate from the group that the schedule drives'],
  },
  'applied-differs': {
    example: {
      sentence:
        'After resume 1, applied and skipped updates differ from the control’s in step 5, and not after: no update instead of an update.',
      expected: 'an update',
      seen: 'no update',
    },
    likelyCauses: [
      'the accumulation window is out of phase, the loss scaler skips different steps, or one of the runs has stopped',
    ],
    fixes: ['save and restore the micro-batch count and the loss scale'],
  },
  'step-differs': {
    example: {
      sentence:
        'After resume 1, the trainer’s step counter differs from the control’s from step 5 on: 10 instead of 5.',
      expected: '5',
      seen: '10',
    },
    likelyCauses: ['the counter was not restored, was restored off by one, or counts a different unit'],
    fixes: ['save the counter after the update that it counts, in the unit that the load expects'],
  },
  'replicas-differ': {
    example: {
      sentence:
        "After resume 1, 1 of 7 replicas is not equal on all ranks right after it: 'a' differs between ranks 0 and 1.",
      expected: 'the same values on all 2 ranks, as in the control',
      seen: "'a' has L2 norm 10.25 on rank 0 and 10.25 on rank 1, with different bytes",
    },
    likelyCauses: [
      'a rank was restored from another checkpoint than the others, or it does not get what the ranks exchange after a step: gradients by all-reduce, parameters by broadcast',
    ],
    fixes: ['restore all ranks from one step, and set up the exchange between them again after the load'],
  },
  'applied-gradients-differ': {
    example: {
      sentence:
        "After resume 1, the update of 'a' at step 5 uses a gradient of norm 0.4000 instead of 0.2000, although the computed gradient equals the control’s.",
      expected: '0.2000, exactly',
      seen: '0.4000, a relative difference of 0.5000',
    },
    likelyCauses: [
      'gradients are no longer clipped, are clipped twice or to a different norm, or are accumulated, averaged or unscaled differently',
    ],
    fixes: ['clip and unscale gradients after a resume as before it, in the hooks too'],
  },
  'loss-differs': {
    example: {
      sentence:
        'After resume 1, the loss differs from the control’s at step 5: 0.2000000000000001 instead of 0.2000000000000000.',
      expected: '0.2000000000000000, exactly',
      seen: '0.2000000000000001, a relative difference of 2.776e-16',
    },
    likelyCauses: [
      'the parameters, the data, random numbers, the mode of the model (dropout, running statistics) or something else that the loss reads differs',
    ],
    fixes: [
      'start with the first finding: it shows what was not restored, or what runs differently after a resume',
    ],
  },
  'gradients-differ': {
    example: {
      sentence:
        "After resume 1, the gradient norm of 'b' differs from the control’s at step 5: 1.200 instead of 0.6000.",
      expected: '0.6000, exactly',
      seen: '1.200, a relative difference of 0.5000',
    },
    likelyCauses: ['the loss, its scale, the backward pass, or what is accumulated so far differs'],
    fixes: [
      'start with the first finding: it shows what was not restored, or what runs differently after a resume',
    ],
  },
  'updates-differ': {
    example: {
      sentence:
        "After resume 1, the update norm of 'a' differs from the control’s at step 5: 0.4000 instead of 0.2000.",
      expected: '0.2000, exactly',
      seen: '0.4000, a relative difference of 0.5000',
    },
    likelyCauses: [
      'what the update is computed from differs (gradients, optimizer slots, step counts, learning rates, weight decay), it is applied twice or not at all, or the step writes to the parameters otherwise',
    ],
    fixes: [
      'start with the first finding: it shows what was not restored, or what runs differently after a resume',
    ],
  },
  'parameters-differ': {
    example: {
      sentence:
        "After resume 1, the norm of 'c' differs from the control’s at step 5: 12.312500000001 instead of 12.312500000000.",
      expected: '12.312500000000, exactly',
      seen: '12.312500000001, a relative difference of 8.123e-14',
    },
    likelyCauses: ['an update up to this step differs, or something else has written to the parameters'],
    fixes: [
      'start with the first finding: it shows what was not restored, or what runs differently after a resume',
    ],
  },
  'final-parameters-differ': {
    example: {
      sentence: 'At step 8, 1 of 4 parameters differs from the control’s.',
      expected: "'a': L2 norm 10.50, exactly",
      seen: 'L2 norm 10.50, with different bytes',
    },
    likelyCauses: ['the run differed from the control at the resume, or departed from it later'],
    fixes: ['look for the first step that differs, and for what was not restored before it'],
  },
  'final-slots-differ': {
    example: {
      sentence: 'At step 8, 1 of 6 optimizer slots differs from the control’s.',
      expected: "'a.exp_avg': L2 norm 9, exactly",
      seen: 'L2 norm 9, with different bytes',
    },
    likelyCauses: ['the run differed from the control at the resume, or departed from it later'],
    fixes: ['look for the first step that differs, and for what was not restored before it'],
  },
  'final-ema-differs': {
    example: {
      sentence: 'At step 8, 1 of 3 EMAs differs from the control’s.',
      expected: "'a': L2 norm 9, exactly",
      seen: 'L2 norm 9, with different bytes',
    },
    likelyCauses: ['the run differed from the control at the resume, or departed from it later'],
    fixes: ['look for the first step that differs, and for what was not restored before it'],
  },
  'final-buffers-differ': {
    example: {
      sentence: 'At step 8, the only buffer differs from the control’s.',
      expected: "'running_mean': L2 norm 9, exactly",
      seen: 'L2 norm 9, with different bytes',
    },
    likelyCauses: ['the run differed from the control at the resume, or departed from it later'],
    fixes: ['look for the first step that differs, and for what was not restored before it'],
  },
  'samples-differ-from-control': {
    example: {
      sentence: 'At step 8, 1 of 4 samples differs from the control’s.',
      expected: "'boat': L2 norm 2008, exactly",
      seen: 'L2 norm 2008, with different bytes',
    },
    likelyCauses: ['the parameters, or their EMA, differ from the control’s'],
    fixes: ['look for the first step that differs, and for what was not restored before it'],
  },
  'control-stands-apart': {
    example: {
      sentence:
        'The twin-1 run lies far from the other controls in loss: 2.906e+6 of their standard deviations, so it does not show their noise.',
      expected: 'at most 1183 standard deviations',
      seen: '2.906e+6',
    },
    likelyCauses: ['one of the equal runs did something else, such as another seed, data or precision'],
    fixes: ['find out what differs in that run; run the scenario again'],
  },
  'noise-too-large': {
    example: {
      sentence:
        'After resume 1, the noise is too large to distinguish a run that trains from one that does not: 4 identical controls differ that much.',
      expected: 'at least one update whose norm is known to better than 100 %',
      seen: 'the best is known to 2232 %',
    },
    likelyCauses: [
      'the program is not seeded, training is chaotic over this many steps, or the backend is too noisy',
    ],
    fixes: ['seed every random generator, resume after fewer steps, or use a deterministic backend'],
  },
  'final-counters-differ': {
    example: {
      sentence: "At step 8, 1 of 3 counters differs from the control’s: 'lossScale' is 512 instead of 1024.",
      expected: 'lossScale 1024',
      seen: 'lossScale 512',
    },
    likelyCauses: ['the counter advances differently after the resume, or was not restored'],
    fixes: ['look for the first step that differs; count in one place only, as before the resume'],
  },
  'final-random-differs': {
    example: {
      sentence: "At step 8, 1 of 2 random generators has a different state than in the control: 'noise'.",
      expected: 'state c72da9154ca4…',
      seen: 'state ffffffffffff…',
    },
    likelyCauses: [
      'the resumed run draws more, fewer or other numbers than the control, or the state was not restored',
    ],
    fixes: ['let only training draw from its generators, as often as before the resume'],
  },
  'control-does-not-train': {
    example: {
      sentence: 'The control never trained: no parameter moved in 8 steps, and no gradient hook fired.',
      expected: 'the control changes its parameters',
      seen: '0 of 4 parameters changed; 0 hook calls',
    },
    likelyCauses: ['no gradient hook or optimizer is attached to the parameters'],
    fixes: ['make the scenario train without a resume first, then prove its resume'],
  },
  'nothing-observed': {
    example: {
      sentence: 'The control shows no gradient hook call, so there is nothing to compare.',
      expected: 'at least one gradient hook call',
      seen: 'none',
    },
    likelyCauses: [
      'the trainer has none, or does not show it to the probe',
      'the declaration is out of date',
    ],
    fixes: [
      "show it in observe() or in the training parts, or declare lacks: ['hooks'] in the scenario",
      "show it in observe() or in the training parts, or declare lacks: ['slots'] in the scenario",
      "show it in observe() or in the training parts, or declare lacks: ['samples'] in the scenario",
      "show it in observe() or in the training parts, or declare lacks: ['random'] in the scenario",
      "show it in observe() or in the training parts, or declare lacks: ['gradients'] in the scenario",
      "show it in observe() or in the training parts, or declare lacks: ['learning-rates'] in the scenario",
      "show it in observe() or in the training parts, or declare lacks: ['batches'] in the scenario",
      "remove 'hooks' from lacks",
    ],
  },
  'runs-differ': {
    example: {
      sentence: 'The after-1 run says something else of counters in step 8 than the control.',
      expected: '{"step":8,"epoch":2,"lossScale":1024}',
      seen: '{"step":8,"lossScale":1024}',
    },
    likelyCauses: [
      'the resumed run differs in something that no rule has a name for, or a trace was changed',
    ],
    fixes: ['compare the two values; if the difference is harmless, do not record it'],
  },
};
