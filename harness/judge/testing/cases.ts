/** Ways to spoil a healthy run, each with the rule that must head the findings. Tests and docs/rules.md use them. */
import type { Deviation, TensorRecord } from '../../trace/schema.ts';
import { type Draft, healthyTraces, PLAN, stateAfter, type Traces } from './traces.ts';

/** Tensors of a kind in a trace's state at the resume, or at its end. */
export const tensors = (trace: Draft, kind: TensorRecord['kind'], at: 'resume' | 'end' = 'resume') =>
  trace.states.find((state) => state.at === at)!.tensors.filter((tensor) => tensor.kind === kind);

const other = 'f'.repeat(64);
export const spoil = (records: { digest: string }[]): void => {
  for (const record of records) record.digest = other;
};
const drop = (
  trace: Draft,
  kind: TensorRecord['kind'],
  keep: (tensor: { name: string }) => boolean = () => false,
) => {
  const state = trace.states.find(({ at }) => at === 'resume')!;
  state.tensors = state.tensors.filter((tensor) => tensor.kind !== kind || keep(tensor));
};
/** A generator's state at the save of a healthy run. */
const savedBy = (generator: string): string => stateAfter(PLAN.resumeAt[0]!).random[generator]!;
export const freeze = (trace: Draft, names: (name: string) => boolean = () => true): void => {
  for (const step of trace.steps) {
    step.changed = step.changed.map((changed, at) => changed && !names(step.names[at]!));
    step.updateL2 = step.updateL2.map((norm, at) => (names(step.names[at]!) ? 0 : norm));
  }
};
/** Adds the state after the first samples, changed. */
const sampled = (trace: Draft, change: (state: Draft['states'][number]) => void): void => {
  const at = trace.states.findIndex(({ at }) => at === 'pass' || at === 'resume');
  const after = { ...structuredClone(trace.states[at]!), at: 'sampled' as const };
  change(after);
  trace.states.splice(at + 1, 0, after);
};
/** Adds a run that saves where the control passes a resume point, and goes on as the control does. */
const addSaver = ({ all, control }: Traces): Draft => {
  const saver = structuredClone(control);
  saver.file = '/run/saver/trace.jsonl';
  Object.assign(saver.run!, { role: 'saver', id: 'saver' });
  saver.samples = [];
  saver.states = saver.states.flatMap((state) =>
    state.at === 'pass'
      ? (['save', 'saved'] as const).map((at) => ({ ...structuredClone(state), at }))
      : [state],
  );
  saver.saved = saver.states
    .filter(({ at }) => at === 'save')
    .map(({ step }) => ({ kind: 'saved', step, checkpoint: `step-${step}`, seconds: 0.1, bytes: 100 }));
  all.push(saver);
  return saver;
};
const loseGradients = (trace: Draft, names: (name: string) => boolean = () => true): void => {
  for (const step of trace.steps) {
    for (const column of [step.gradientL2, step.appliedGradientL2!]) {
      step.names.forEach((name, at) => {
        if (names(name)) column[at] = null;
      });
    }
  }
};
/** Makes a tensor end with the bytes that it had at the resume. */
const stay = (trace: Draft, kind: TensorRecord['kind'], name: string): void => {
  const [first, last] = (['resume', 'end'] as const).map(
    (at) => tensors(trace, kind, at).find((tensor) => tensor.name === name)!,
  );
  last!.digest = first!.digest;
};

export const stopFinite = (trace: Draft): void => {
  trace.failure = { kind: 'failure', code: 'non-finite', step: 8, message: 'the loss is NaN at step 8' };
  trace.end = undefined;
  trace.process!.exitCode = 1;
};

export interface Case {
  /** The rule that must head the findings. */
  readonly rule: string;
  readonly what: string;
  readonly spoil: (traces: Traces & { resumed: Draft }) => void;
  /** Matches the headline or its evidence. */
  readonly says: RegExp;
  readonly proof?: 'restored' | 'alive' | 'faithful';
  readonly also?: readonly string[];
  readonly noisy?: boolean;
  readonly deviates?: readonly Deviation[];
  /** How many ranks the run has; 1 by default. */
  readonly worldSize?: number;
}

export const CASES: readonly Case[] = [
  // Flawed evidence.
  {
    rule: 'run-died',
    what: 'a resumed process that throws is refuted',
    spoil: ({ resumed }) => {
      resumed.failure = { kind: 'failure', code: 'resume-refused', step: 4, message: 'wrong-hash\nmore' };
      resumed.end = undefined;
      resumed.process!.exitCode = 1;
      resumed.process!.stderr = ['at load', 'wrong-hash'];
    },
    says: /after-1 process died: resume-refused at step 4: wrong-hash more\./,
    proof: 'alive',
  },
  {
    rule: 'run-died',
    what: 'a kernel that the backend lacks leaves all proofs inconclusive, and is named',
    spoil: ({ control }) => {
      const message = "Kernel 'UnsortedSegmentSum' not registered for backend 'wasm'.";
      control.failure = { kind: 'failure', code: 'error', step: 1, message };
      control.end = undefined;
      control.process!.exitCode = 1;
    },
    says: /control process died: error at step 1: Kernel 'Unsorted[\s\S]*backend wasm lacks a kernel/,
  },
  {
    rule: 'save-failed',
    what: 'a process that cannot save',
    spoil: ({ all, before, resumed }) => {
      before.failure = { kind: 'failure', code: 'save-failed', step: 4, message: 'getWeights() is missing.' };
      before.end = undefined;
      before.defect = 'ends before the run did';
      before.process!.exitCode = 1;
      all.splice(all.indexOf(resumed), 1);
    },
    says: /before process could not save at step 4: getWeights\(\) is missing\.\n/,
    proof: 'restored',
  },
  {
    rule: 'not-finite',
    what: 'a control in which an update makes NaN from a finite gradient',
    spoil: ({ all, control }) => {
      stopFinite(control);
      for (const { steps } of all) for (const step of steps) step.l2[1] = Number.NaN;
    },
    says: /update of step 1 made 1 of 4 parameters non-finite, although the gradients were finite: 'b'[\s\S]*the root of/,
  },
  {
    rule: 'not-finite',
    what: 'a control whose loss is NaN',
    spoil: ({ control }) => stopFinite(control),
    says: /control run, training stopped being finite: the loss is NaN at step 8[\s\S]*overflowed/,
  },
  {
    rule: 'run-died',
    what: 'a resumed process whose loss is NaN is refuted',
    spoil: ({ resumed }) => stopFinite(resumed),
    says: /after-1 process died: non-finite at step 8/,
    proof: 'alive',
  },
  {
    rule: 'run-died',
    what: 'a control that was killed leaves all proofs inconclusive',
    spoil: ({ control }) => {
      control.process = { ...control.process!, outcome: 'crashed', exitCode: null, signal: 'SIGKILL' };
    },
    says: /control process died: SIGKILL ended it/,
  },
  {
    rule: 'run-died',
    what: 'a process that the system could not start',
    spoil: ({ resumed }) => {
      resumed.process = {
        ...resumed.process!,
        outcome: 'crashed',
        exitCode: null,
        stderr: ['spawn node ENOENT'],
      };
    },
    says: /could not be started: spawn node ENOENT/,
  },
  {
    rule: 'trace-incomplete',
    what: 'a trace that stops short',
    spoil: ({ resumed }) => {
      resumed.end = undefined;
      resumed.defect = 'ends before the run did';
    },
    says: /trace of the after-1 process ends before the run did/,
  },
  {
    rule: 'trace-incomplete',
    what: 'a run without a trace',
    spoil: ({ all, before }) => all.splice(all.indexOf(before), 1),
    says: /no trace of the before process/,
  },
  {
    rule: 'state-missing',
    what: 'a resume at which nothing was recorded',
    spoil: ({ resumed }) => {
      resumed.states = resumed.states.filter(({ at }) => at !== 'resume');
    },
    says: /No state was recorded right after the resume/,
  },
  {
    rule: 'backend-fell-back',
    what: 'one process on a different backend',
    spoil: ({ resumed }) => {
      resumed.run!.backend.name = 'cpu';
    },
    says: /after-1 process ran on cpu \(CPU\) instead of wasm/,
  },
  {
    rule: 'control-does-not-train',
    what: 'a control in which nothing moves',
    spoil: ({ all }) => {
      for (const trace of all) {
        freeze(trace);
        for (const step of trace.steps) step.hookCalls = step.hookCalls.map(() => 0);
      }
    },
    says: /control never trained: no parameter moved in 8 steps, and no gradient hook fired/,
  },
  {
    rule: 'nothing-after-resume',
    what: 'no step after the resume',
    spoil: ({ resumed }) => {
      resumed.steps = [];
    },
    says: /Nothing was trained after resume 1/,
  },
  {
    rule: 'nothing-after-resume',
    what: 'too few steps after the resume',
    spoil: ({ resumed }) => resumed.steps.pop(),
    says: /only 3 of 4 steps were recorded/,
  },
  {
    rule: 'sampling-changes-state',
    what: 'a control whose model keeps the averaged weights after sampling',
    spoil: ({ control }) =>
      sampled(control, ({ tensors }) => {
        const averages = new Map(tensors.filter(({ kind }) => kind === 'ema').map((ema) => [ema.name, ema]));
        for (const tensor of tensors) {
          if (tensor.kind === 'parameter') tensor.digest = averages.get(tensor.name)?.digest ?? tensor.digest;
        }
      }),
    says: /after the samples of step 4 in the control process, 3 of 4 parameters have the values of their EMAs\.[\s\S]*not taken out again/,
    proof: 'alive',
  },
  {
    rule: 'sampling-changes-state',
    what: 'a resumed process that samples from a generator of the training, in training mode',
    spoil: ({ resumed }) =>
      sampled(resumed, ({ tensors, random }) => {
        spoil(tensors.filter(({ kind }) => kind === 'buffer'));
        random.noise = other;
      }),
    says: /step 4 in the after-1 process, the only buffer changed, and 1 of 2 random generators moved \('noise'\)\.[\s\S]*training mode/,
    proof: 'alive',
  },
  {
    rule: 'saving-changes-state',
    what: 'a save that hands the optimizer’s state over to the checkpoint',
    spoil: (traces) => {
      const after = addSaver(traces).states.find(({ at }) => at === 'saved')!;
      after.tensors = after.tensors.filter(({ kind }) => kind !== 'slot');
    },
    says: /Saving changes what is trained: after the save of step 4 in the saver process, all 6 optimizer slots changed\./,
    proof: 'alive',
  },
  {
    rule: 'saver-departs',
    what: 'a model that stays in evaluation mode after it has sampled',
    spoil: (traces) => {
      const saver = addSaver(traces);
      for (const step of saver.steps.filter(({ step }) => step > 4)) step.claimed.loss += 0.25;
      const noise = traces.control.states.find(({ at }) => at === 'pass')!.random.noise!;
      for (const { states } of traces.all.filter((trace) => trace !== saver))
        for (const state of states) if (state.step > 4) state.random.noise = noise;
    },
    says: /departs from the control, which samples and never saves, at step 5: after sampling, 'noise' stands still in the control: the model stays in evaluation mode, or sampling stops something else\./,
    proof: 'alive',
  },
  {
    rule: 'checkpoint-changes-later',
    what: 'a checkpoint that is written again from live tensors',
    spoil: (traces) => {
      addSaver(traces).end!.rewritten = [{ checkpoint: 'step-4', files: ['step-4/model.bin'] }];
    },
    says: /checkpoint 'step-4' was written again after save\(\) had returned, while training went on: 'step-4\/model\.bin'\./,
    proof: 'restored',
  },
  {
    rule: 'checkpoint-changes-later',
    what: 'a checkpoint of one file that is written again',
    spoil: (traces) => {
      addSaver(traces).end!.rewritten = [{ checkpoint: 'step-4', files: ['step-4'] }];
    },
    says: /checkpoint 'step-4' was written again after save\(\) had returned, while training went on\./,
    proof: 'restored',
  },
  {
    rule: 'later-save-not-restored',
    what: 'a process that writes the snapshot of its first save again',
    spoil: (traces) => {
      const saver = addSaver(traces);
      const again = structuredClone(traces.resumed);
      again.file = '/run/again/trace.jsonl';
      Object.assign(again.run!, { role: 'again', id: 'again' });
      again.resumed!.from.process = saver.run!.id;
      for (const tensor of again.states.find(({ at }) => at === 'resume')!.tensors)
        if (tensor.kind === 'slot') tensor.digest = other;
      traces.all.push(again);
    },
    says: /Resumed from the checkpoint of step 4, which is not the first of the process that saved it, not everything is as it was saved: all 6 optimizer slots changed\./,
    proof: 'restored',
  },
  {
    rule: 'change-did-not-happen',
    what: 'a resume that ignores another batch size',
    spoil: ({ all, control }) => {
      for (const { run } of all) run!.changes = [{ at: 4, batchSize: 2 }];
      const passed = control.states.findIndex(({ at }) => at === 'pass');
      const changed = { ...structuredClone(control.states[passed]!), at: 'changed' as const };
      changed.counters.lossScale = 512;
      control.states.splice(passed + 1, 0, changed);
      const samples = control.samples.filter(({ at }) => at === 'pass');
      control.samples.push(...samples.map((sample) => ({ ...sample, at: 'changed' as const })));
    },
    says: /the change to batchSize 2 did not happen: the only counter that the control changed has the saved value: 'lossScale'/,
    proof: 'restored',
  },
  {
    rule: 'deviation-did-not-happen',
    what: 'a declared deviation with one entry that was restored as saved',
    deviates: ['step-count', 'random'],
    spoil: ({ resumed }) => {
      resumed.states[0]!.random.dropout = savedBy('dropout');
    },
    says: /resume 1, the declared deviation 'random' did not happen: 1 of 3 deviating entries has the saved value: 'dropout'/,
    proof: 'restored',
  },
  {
    rule: 'deviation-did-not-happen',
    what: 'a declared deviation that changes nothing in the control leaves all proofs inconclusive',
    deviates: ['step-count', 'loss-scale'],
    spoil: () => {},
    says: /declared deviation 'loss-scale' changed nothing in the control at the only resume point/,
  },
  {
    rule: 'deviation-not-declared',
    what: 'a control that deviates in more than the scenario declares',
    deviates: ['step-count'],
    spoil: ({ control }) => {
      const deviated = control.states.find(({ at }) => at === 'deviated')!;
      spoil(deviated.tensors.filter(({ name }) => name === 'a.exp_avg'));
    },
    says: /step 4, the control’s deviation changed undeclared state: 'slot a.exp_avg'/,
  },
  {
    rule: 'counters-not-restored',
    what: 'a lost counter next to a declared deviation',
    deviates: ['step-count', 'random'],
    spoil: ({ resumed }) => {
      resumed.states[0]!.counters.lossScale = 65536;
    },
    says: /1 of 3 counters is not what was saved: 'lossScale' is 65536 instead of 1024/,
    proof: 'restored',
  },
  {
    rule: 'parameters-not-restored',
    what: 'parameters that are rounded differently than by the declared deviation',
    deviates: ['precision'],
    spoil: ({ resumed }) => spoil(tensors(resumed, 'parameter').slice(0, 1)),
    says: /After resume 1, 1 of 4 parameters is not what was saved/,
    proof: 'restored',
  },
  ...(['hooks', 'slots', 'samples', 'random', 'gradients', 'learning-rates', 'batches'] as const).map(
    (observable) => ({
      rule: 'nothing-observed',
      what: `no ${observable} anywhere, undeclared`,
      spoil: ({ all }: Traces) => {
        for (const trace of all) hide(trace, observable);
      },
      says: /The control shows no .*, so there is nothing to compare/,
    }),
  ),
  {
    rule: 'nothing-observed',
    what: 'an observable declared as lacking that is present',
    spoil: ({ control }) => control.run!.lacks.push('hooks'),
    says: /declares that it lacks 'hooks'/,
  },
  {
    rule: 'not-reproducible',
    what: 'two runs that differ before any resume',
    spoil: ({ before }) => {
      before.steps[2]!.claimed.loss += 1e-9;
    },
    says: /differ before any resume, at step 3/,
  },
  // Restored.
  {
    rule: 'parameters-not-restored',
    what: 'one parameter with a different byte',
    spoil: ({ resumed }) => spoil(tensors(resumed, 'parameter').slice(1, 2)),
    says: /1 of 4 parameters is not what was saved/,
    proof: 'restored',
  },
  {
    rule: 'parameters-not-restored',
    what: 'parameters with their initial values',
    spoil: ({ resumed, control }) => {
      const initial = control.states[0]!.tensors.filter(({ kind }) => kind === 'parameter');
      tensors(resumed, 'parameter').forEach((tensor, at) => {
        tensor.digest = initial[at]!.digest;
      });
    },
    says: /they have their initial values/,
    proof: 'restored',
  },
  {
    rule: 'parameters-not-restored',
    what: 'a parameter that was restored in half precision',
    spoil: ({ resumed }) => {
      tensors(resumed, 'parameter')[0]!.dtype = 'float16';
    },
    says: /float16/,
    proof: 'restored',
  },
  {
    rule: 'trainable-changed',
    what: 'a frozen parameter that is trainable after the resume',
    spoil: ({ resumed }) => {
      tensors(resumed, 'parameter')[3]!.trainable = true;
    },
    says: /trainable flag of 1 of 4 parameters differs from the saved one: 'frozen'/,
    proof: 'restored',
  },
  {
    rule: 'groups-changed',
    what: 'a parameter in a different group',
    spoil: ({ resumed }) => {
      tensors(resumed, 'parameter')[0]!.group = 'second';
    },
    says: /'a': second/,
    proof: 'restored',
  },
  {
    rule: 'ties-changed',
    what: 'two parameters that share storage after the resume',
    spoil: ({ resumed }) => {
      const [a, b] = tensors(resumed, 'parameter');
      b!.storage = a!.storage;
    },
    says: /'a': shared with b/,
    proof: 'restored',
  },
  {
    rule: 'equals-cold-start',
    what: 'a resumed run that equals the cold start',
    spoil: ({ resumed, cold }) => {
      resumed.steps = structuredClone(cold.steps);
    },
    says: /equals a cold start/,
    proof: 'restored',
    also: ['loss-differs', 'updates-differ'],
  },
  {
    rule: 'slots-not-restored',
    what: 'missing slots of one group',
    spoil: ({ resumed }) => {
      drop(resumed, 'slot', ({ name }) => !name.startsWith('c.'));
      for (const step of resumed.steps) step.updateL2[2]! *= 0.99;
    },
    says: /2 of 6 optimizer slots are missing, including all of group 'second'[\s\S]*created, or registered/,
    proof: 'restored',
  },
  {
    rule: 'slots-not-restored',
    what: 'missing slots that no update misses leave it open whether they are restored later',
    spoil: ({ resumed }) => drop(resumed, 'slot'),
    says: /all 6 optimizer slots are missing before the first step, but every update equals/,
  },
  {
    rule: 'slots-not-restored',
    what: 'one zeroed slot',
    spoil: ({ resumed }) => {
      Object.assign(tensors(resumed, 'slot')[3]!, { l2: 0, digest: other });
    },
    says: /1 of 6 optimizer slots is zero/,
    proof: 'restored',
  },
  {
    rule: 'slots-not-restored',
    what: 'two swapped slots',
    spoil: ({ resumed }) => {
      const [first, , second] = tensors(resumed, 'slot');
      [first!.digest, second!.digest] = [second!.digest, first!.digest];
    },
    says: /2 of 6 optimizer slots are not what was saved[\s\S]*matched by position/,
    proof: 'restored',
  },
  {
    rule: 'gradients-not-restored',
    what: 'dropped accumulated gradients',
    spoil: ({ resumed }) => drop(resumed, 'gradient'),
    says: /all 3 accumulated gradients are missing[\s\S]*mid-accumulation/,
    proof: 'restored',
  },
  {
    rule: 'buffers-not-restored',
    what: 'a buffer with other values',
    spoil: ({ resumed }) => spoil(tensors(resumed, 'buffer')),
    says: /the only buffer is not what was saved/,
    proof: 'restored',
  },
  {
    rule: 'counters-not-restored',
    what: 'a counter that restarts',
    spoil: ({ resumed }) => {
      resumed.states[0]!.counters.step = 0;
    },
    says: /1 of 3 counters is not what was saved: 'step' is 0 instead of 4[\s\S]*they were not saved/,
    proof: 'restored',
  },
  {
    rule: 'counters-not-restored',
    what: 'a recomputed counter',
    spoil: ({ before, resumed }) => {
      before.states.at(-1)!.counters.power = 0.531_441_211_7;
      resumed.states[0]!.counters.power = 0.531_440_973_3;
    },
    says: /'power' is 0\.5314410 instead of 0\.5314412[\s\S]*recomputed by a different formula/,
    proof: 'restored',
  },
  {
    rule: 'random-not-restored',
    what: 'one of two generators, reseeded',
    spoil: ({ resumed }) => {
      resumed.states[0]!.random.noise = stateAfter(0).random.noise!;
    },
    says: /1 of 2 random generators does not continue from its saved state: 'noise'[\s\S]*seeded the generator again/,
    proof: 'restored',
  },
  {
    rule: 'ema-not-restored',
    what: 'EMAs that restart from the live weights',
    spoil: ({ resumed }) => {
      const live = tensors(resumed, 'parameter');
      for (const ema of tensors(resumed, 'ema')) {
        ema.digest = live.find(({ name }) => name === ema.name)!.digest;
      }
    },
    says: /all 3 EMAs are not what was saved[\s\S]*equal the live parameters/,
    proof: 'restored',
  },
  {
    rule: 'samples-differ-at-resume',
    what: 'a sample that differs before any step',
    spoil: ({ resumed }) =>
      spoil(resumed.samples.filter(({ at, name }) => at === 'resume' && name === 'cat')),
    says: /1 of 4 samples differs from the one taken at the save/,
    proof: 'restored',
  },
  {
    rule: 'samples-differ-at-resume',
    what: 'samples that are not drawn at the resume',
    spoil: ({ resumed }) => {
      resumed.samples = resumed.samples.filter(({ at }) => at !== 'resume');
    },
    says: /no sample was taken, so all 4 samples of the save cannot be compared/,
  },
  // Alive.
  {
    rule: 'gradients-missing',
    what: 'a loss that uses the pre-restore variables',
    spoil: ({ resumed }) => {
      freeze(resumed);
      loseGradients(resumed);
      for (const step of resumed.steps) step.strayGradients = 3;
    },
    says: /all 3 parameters got no gradient in 4 steps, although the loss was still printed: 'a', 'b', 'c'[\s\S]*12 gradients of variables that are not/,
    proof: 'alive',
    also: ['silent-no-op', 'gradients-differ'],
  },
  {
    rule: 'gradients-missing',
    what: 'one parameter that no gradient reaches, but that weight decay still moves',
    spoil: ({ resumed }) => loseGradients(resumed, (name) => name === 'c'),
    says: /1 of 3 parameters got no gradient in 4 steps, although the loss was still printed: 'c'/,
    proof: 'alive',
  },
  {
    rule: 'hooks-silent',
    what: 'no hook fires and nothing moves',
    spoil: ({ resumed }) => {
      freeze(resumed);
      for (const step of resumed.steps) step.hookCalls = step.hookCalls.map(() => 0);
    },
    says: /no gradient hook fired and nothing moved in 4 steps/,
    proof: 'alive',
    also: ['silent-no-op', 'claim-contradicted', 'updates-differ'],
  },
  {
    rule: 'hooks-silent',
    what: 'all hooks but one fire',
    spoil: ({ resumed }) => {
      freeze(resumed, (name) => name === 'b');
      for (const step of resumed.steps) step.hookCalls[1] = 0;
    },
    says: /hooks of 1 of 3 parameters did not fire/,
    proof: 'alive',
    also: ['stalled-parameters'],
  },
  {
    rule: 'updates-go-astray',
    what: 'hooks that fire on pre-restore variables',
    spoil: ({ resumed }) => {
      for (const step of resumed.steps) step.strayUpdates = 3;
    },
    says: /updates go to variables that the trainer no longer trains/,
    proof: 'alive',
  },
  {
    rule: 'learning-rate-not-as-claimed',
    what: 'every hook fires, but with learning rate 0',
    spoil: ({ resumed }) => {
      freeze(resumed);
      for (const step of resumed.steps)
        step.learningRates = step.learningRates.map((value) => (value === null ? null : 0));
    },
    says: /every gradient hook fires, but the update of 3 of 4 parameters uses learning rate 0 while the log shows 0.02000, and nothing moved/,
    proof: 'alive',
    also: ['silent-no-op', 'applied-learning-rate-differs'],
  },
  {
    rule: 'silent-no-op',
    what: 'nothing moves, shown only by norms',
    spoil: ({ resumed }) => freeze(resumed),
    says: /none of 3 parameters moved in 4 steps/,
    proof: 'alive',
  },
  {
    rule: 'stalled-parameters',
    what: 'one parameter that does not move',
    spoil: ({ resumed }) => freeze(resumed, (name) => name === 'c'),
    says: /1 of 3 parameters did not move in 4 steps: 'c'/,
    proof: 'alive',
  },
  {
    rule: 'frozen-parameters-move',
    what: 'a parameter that the control does not train',
    spoil: ({ resumed }) => {
      for (const step of resumed.steps) step.changed[3] = true;
    },
    says: /'frozen'/,
    proof: 'alive',
  },
  {
    rule: 'frozen-parameters-move',
    what: 'parameters that move in a segment in which the control makes no update',
    spoil: ({ control, before, resumed }) => {
      for (const step of [...control.steps, ...before.steps].filter(({ step }) => step > 2)) {
        step.claimed.applied = false;
        step.changed.fill(false);
        step.updateL2.fill(0);
      }
      for (const step of resumed.steps) step.claimed.applied = step.step === 8;
    },
    says: /3 of 4 parameters move, although they do not in the control: 'a', 'b', 'c'\.[\s\S]*makes updates in steps in which the control makes none: the accumulation window, or what skips or stops training, differs/,
    proof: 'alive',
    also: ['applied-differs'],
  },
  {
    rule: 'claim-contradicted',
    what: 'one step that claims an update but makes none',
    spoil: ({ resumed }) => {
      resumed.steps[0]!.claimed.applied = true;
      resumed.steps[0]!.changed.fill(false);
    },
    says: /reports an update at 1 of 4 steps, but no parameter changed/,
    proof: 'alive',
  },
  {
    rule: 'claim-contradicted',
    what: 'a step that claims to be skipped but is not',
    spoil: ({ all, resumed }) => {
      for (const { steps } of all) {
        for (const step of steps.filter((each) => each.step === 6)) {
          step.claimed.applied = false;
          if (steps !== resumed.steps) step.changed.fill(false);
        }
      }
    },
    says: /reports no update at 1 of 4 steps, but parameters changed/,
    proof: 'alive',
  },
  {
    rule: 'hook-counts-differ',
    what: 'hooks registered twice',
    spoil: ({ resumed }) => {
      for (const step of resumed.steps) step.hookCalls = step.hookCalls.map((calls) => 2 * calls);
    },
    says: /hook calls differs from the control’s for 3 of 4 parameters: 8 instead of 4 for 'a' in 4 steps/,
    proof: 'alive',
  },
  {
    rule: 'update-counts-differ',
    what: 'updates applied twice',
    spoil: ({ resumed }) => {
      resumed.steps[0]!.updates[0] = 2;
    },
    says: /optimizer updates differs from the control’s for 1 of 4 parameters: 5 instead of 4/,
    proof: 'alive',
  },
  {
    rule: 'slots-do-not-advance',
    what: 'slots that do not change after the resume',
    spoil: ({ resumed }) => {
      const now = tensors(resumed, 'slot');
      tensors(resumed, 'slot', 'end').forEach((slot, at) => {
        slot.digest = now[at]!.digest;
      });
    },
    says: /all 6 optimizer slots did not advance/,
    proof: 'alive',
  },
  {
    rule: 'ema-does-not-advance',
    what: 'one EMA that does not change after the resume',
    spoil: ({ resumed }) => stay(resumed, 'ema', 'b'),
    says: /From resume 1 to step 8, 1 of 3 EMAs did not advance/,
    proof: 'alive',
    also: ['final-ema-differs'],
  },
  {
    rule: 'buffers-do-not-advance',
    what: 'running statistics that do not change after the resume',
    spoil: ({ resumed }) => stay(resumed, 'buffer', 'running_mean'),
    says: /From resume 1 to step 8, the only buffer did not advance/,
    proof: 'alive',
    also: ['final-buffers-differ'],
  },
  {
    rule: 'random-does-not-advance',
    what: 'one of two generators that nothing is drawn from after the resume',
    spoil: ({ resumed }) => {
      resumed.states.find(({ at }) => at === 'end')!.random.dropout = savedBy('dropout');
    },
    says: /From resume 1 to step 8, nothing was drawn from 1 of 2 random generators: 'dropout'/,
    proof: 'alive',
  },
  {
    rule: 'samples-unchanged',
    what: 'samples that do not change after the checkpoint',
    spoil: ({ resumed }) => {
      const before = resumed.samples.filter(({ at }) => at === 'resume');
      for (const sample of resumed.samples.filter(({ at }) => at === 'end')) {
        sample.digest = before.find(({ name }) => name === sample.name)!.digest;
      }
    },
    says: /all 4 samples stayed exactly the same/,
    proof: 'alive',
  },
  // Faithful.
  {
    rule: 'batches-differ',
    what: 'a skipped batch',
    spoil: ({ resumed }) => {
      resumed.steps.forEach((step) => {
        step.claimed.batch = [`image ${step.step + 1}`];
      });
    },
    says: /from step 5 on: 'image 6' instead of 'image 5'[\s\S]*the data continues from a later position/,
    proof: 'faithful',
  },
  {
    rule: 'learning-rate-differs',
    what: 'one group’s schedule that is one step behind',
    spoil: ({ resumed }) => {
      for (const step of resumed.steps) {
        step.claimed.learningRates.second = 0.2 / (step.step - 1);
        step.learningRates[2] = 0.2 / (step.step - 1);
      }
    },
    says: /learning rate of 1 of 2 groups differs from the control’s from step 5 on: second 0.05000 instead of second 0.04000/,
    proof: 'faithful',
  },
  {
    rule: 'applied-learning-rate-differs',
    what: 'a different learning rate inside the update, if none is logged',
    spoil: ({ all, resumed }) => {
      for (const trace of all) for (const step of trace.steps) step.claimed.learningRates = {};
      for (const step of resumed.steps) step.learningRates[0] = 1;
    },
    says: /inside the update of 'a' differs from the control’s/,
    proof: 'faithful',
  },
  {
    rule: 'applied-differs',
    what: 'a skipped step that the control makes',
    spoil: ({ resumed }) => {
      resumed.steps[0]!.claimed.applied = !resumed.steps[0]!.claimed.applied;
      resumed.steps[0]!.changed.fill(false);
    },
    says: /in step 5, and not after: no update instead of an update/,
    proof: 'faithful',
  },
  {
    rule: 'step-differs',
    what: 'a doubled step counter',
    spoil: ({ resumed }) => {
      for (const step of resumed.steps) step.claimed.step = 2 * step.step;
    },
    says: /step counter differs from the control’s from step 5 on: 10 instead of 5/,
    proof: 'faithful',
  },
  {
    rule: 'applied-gradients-differ',
    what: 'gradients that are no longer clipped',
    spoil: ({ resumed }) => {
      for (const step of resumed.steps) step.appliedGradientL2 = [...step.gradientL2];
    },
    says: /the update of '\w' at step 5 uses a gradient of norm .* although the computed gradient equals the control’s/,
    proof: 'faithful',
  },
  {
    rule: 'loss-differs',
    what: 'a loss that differs in its last bit',
    spoil: ({ resumed }) => {
      resumed.steps[0]!.claimed.loss *= 1 + Number.EPSILON;
    },
    says: /the loss differs from the control’s at step 5/,
    proof: 'faithful',
  },
  {
    rule: 'gradients-differ',
    what: 'a gradient twice as large',
    spoil: ({ resumed }) => {
      resumed.steps[0]!.gradientL2[1]! *= 2;
    },
    says: /gradient norm of 'b' differs from the control’s at step 5: 1.200 instead of 0.6000/,
    proof: 'faithful',
  },
  {
    rule: 'updates-differ',
    what: 'updates twice as large',
    spoil: ({ resumed }) => {
      for (const step of resumed.steps) step.updateL2[0]! *= 2;
    },
    says: /update norm of 'a' differs from the control’s at step 5/,
    proof: 'faithful',
  },
  {
    rule: 'parameters-differ',
    what: 'a parameter’s norm that differs slightly',
    spoil: ({ resumed }) => {
      resumed.steps[0]!.l2[2]! += 1e-12;
    },
    says: /the norm of 'c' differs from the control’s at step 5/,
    proof: 'faithful',
  },
  ...(['parameter', 'slot', 'ema', 'buffer'] as const).map(
    (kind): Case => ({
      rule: kind === 'ema' ? 'final-ema-differs' : `final-${kind}s-differ`,
      what: `a ${kind} that ends with different bytes but the same norm`,
      spoil: ({ resumed }) => spoil(tensors(resumed, kind, 'end').slice(0, 1)),
      says: /At step 8, (1 of|the only) .* differs from the control’s/,
      proof: 'faithful',
    }),
  ),
  {
    rule: 'final-counters-differ',
    what: 'a counter that advances differently',
    spoil: ({ resumed }) => {
      resumed.states.find(({ at }) => at === 'end')!.counters.lossScale = 512;
    },
    says: /At step 8, 1 of \d+ counters differs from the control’s: 'lossScale' is 512 instead of 1024/,
    proof: 'faithful',
  },
  {
    rule: 'final-random-differs',
    what: 'a generator that ends in a different state',
    spoil: ({ resumed }) => {
      resumed.states.find(({ at }) => at === 'end')!.random.noise = other;
    },
    says: /At step 8, 1 of 2 random generators has a different state than in the control: 'noise'/,
    proof: 'faithful',
  },
  {
    rule: 'samples-differ-from-control',
    what: 'one sample that differs at the end',
    spoil: ({ resumed }) => spoil(resumed.samples.filter(({ at, name }) => at === 'end' && name === 'boat')),
    says: /At step 8, 1 of 4 samples differs from the control’s/,
    proof: 'faithful',
  },
  {
    rule: 'samples-differ-from-control',
    what: 'a text that differs at the end, which has no norm',
    spoil: ({ resumed }) => spoil(resumed.samples.filter(({ at, name }) => at === 'end' && name === 'poem')),
    says: /At step 8, 1 of 4 samples differs from the control’s\.\ndigest f{12}…/,
    proof: 'faithful',
  },
  {
    rule: 'noise-too-large',
    what: 'controls that differ by half of their updates',
    noisy: true,
    spoil: (traces) => scatter(traces, [1, 0.7, 1.4, 1.1]),
    says: /the noise is too large to distinguish[\s\S]*known to \d+/,
  },
  {
    rule: 'control-stands-apart',
    what: 'one control with doubled losses',
    noisy: true,
    spoil: ({ twins }) => {
      for (const step of twins[0]!.steps) step.claimed.loss *= 2;
    },
    says: /The twin-1 run lies far from the other controls in loss/,
  },
  {
    rule: 'traces-contradict',
    what: 'a process with another seed',
    spoil: ({ before }) => {
      before.run!.seed = 1;
    },
    says: /The trace of the before run gives another seed than the control run/,
  },
  // Several ranks.
  {
    rule: 'trace-incomplete',
    what: 'a rank of which there is no trace',
    worldSize: 2,
    spoil: ({ all, ranks }) => {
      all.splice(0, all.length, ...all.filter(({ run }) => run!.rank === ranks[0]!.control.run!.rank));
    },
    says: /no trace of rank 1 of any process/,
  },
  {
    rule: 'trace-incomplete',
    what: 'a process that left no trace on one rank',
    worldSize: 2,
    spoil: ({ all, ranks }) => {
      all.splice(all.indexOf(ranks[1]!.before), 1);
    },
    says: /On rank 1, there is no trace of the before process/,
  },
  {
    rule: 'slots-not-restored',
    what: 'a shard that one rank does not restore',
    worldSize: 2,
    spoil: ({ ranks }) => spoil(tensors(ranks[1]!.after[0]!, 'slot')),
    says: /On rank 1, after resume 1, all 2 optimizer slots are not what was saved/,
    proof: 'restored',
  },
  {
    rule: 'batches-differ',
    what: 'examples of the same shard on both ranks',
    worldSize: 2,
    spoil: ({ ranks }) => {
      const [mine, theirs] = [ranks[1]!.after[0]!.steps, ranks[0]!.after[0]!.steps];
      for (const [at, step] of mine.entries()) step.claimed.batch = [...theirs[at]!.claimed.batch];
    },
    says: /On rank 1, after resume 1, the batches differ/,
    proof: 'faithful',
  },
  {
    rule: 'ranks-resume-apart',
    what: 'a rank that resumes from an older checkpoint than the other',
    worldSize: 2,
    spoil: ({ ranks }) => {
      ranks[1]!.after[0]!.resumed = {
        kind: 'resumed',
        step: 2,
        from: { process: 'before', checkpoint: 'step-2' },
      };
    },
    says: /rank 0 from step 4 of before, rank 1 from step 2 of before/,
    proof: 'restored',
  },
  {
    rule: 'replicas-differ',
    what: 'a declared deviation that gives the ranks different values',
    noisy: true,
    deviates: ['precision'],
    worldSize: 2,
    spoil: (traces) => {
      scatterBytes(traces);
      spoil(tensors(traces.ranks[1]!.after[0]!, 'parameter').slice(0, 1));
    },
    says: /After resume 1, 1 of \d+ replicas is not equal on all ranks right after it: 'a'/,
    proof: 'faithful',
  },
  {
    rule: 'replicas-differ',
    what: 'within the noise, a parameter that is no longer equal on all ranks at the end',
    noisy: true,
    worldSize: 2,
    spoil: (traces) => {
      scatterBytes(traces);
      spoil(tensors(traces.ranks[1]!.after[0]!, 'parameter', 'end').slice(1, 2));
    },
    says: /After resume 1, 1 of \d+ replicas is not equal on all ranks in the state 'end' of step 8: 'b'/,
    proof: 'faithful',
  },
  {
    rule: 'replicas-differ',
    what: 'within the noise, a parameter that departs on one of three ranks while training',
    noisy: true,
    worldSize: 3,
    spoil: (traces) => {
      scatterBytes(traces);
      const [, step] = traces.ranks[2]!.after[0]!.steps;
      step!.l2[0]! *= 1 + 1e-9;
    },
    says: /1 of 4 replicas is not equal on all ranks at step 6: 'a' differs on rank 2\./,
    proof: 'faithful',
  },
  {
    rule: 'traces-contradict',
    what: 'a counter that has one value in a step and another in the state after it',
    spoil: ({ control, resumed }) => {
      for (const { steps } of [control, resumed]) steps.at(-1)!.counters!.epoch = 7;
    },
    says: /gives counter 'epoch' one value in step 8 and another in the state 'end' after it/,
  },
  {
    rule: 'traces-contradict',
    what: 'a process that resumed from a checkpoint that its source did not write',
    spoil: ({ resumed }) => {
      resumed.resumed!.from.checkpoint = 'step-3';
    },
    says: /resumed from the checkpoint 'step-3' of step 4, which before did not write/,
  },
  {
    rule: 'runs-differ',
    what: 'a counter that is not shown at the end',
    spoil: ({ resumed }) => {
      delete resumed.steps.at(-1)!.counters!.epoch;
      delete resumed.states.find(({ at }) => at === 'end')!.counters.epoch;
    },
    says: /The after-1 run says something else of counters in step 8/,
  },
];

/** Scales the updates of each control by its own factor, as if each process had drawn different numbers. */
export const scatter = ({ control, twins }: Traces, factors: readonly number[]): void => {
  [control, ...twins].forEach((trace, run) => {
    for (const step of trace.steps) step.updateL2 = step.updateL2.map((norm) => norm * factors[run]!);
  });
};

/** Gives what training writes other bytes and norms in each process, as on a device that rounds differently each time. */
export function scatterBytes({ ranks }: Traces): void {
  for (const { control, twins, before, after } of ranks) {
    for (const [run, trace] of [control, ...twins, before, ...after].entries()) {
      const err = 1 + 1e-7 * Math.sin(7 * run);
      for (const step of trace.steps)
        step.l2 = step.l2.map((norm, at) => (step.changed[at] ? norm * err : norm));
      for (const { at, tensors } of trace.states) {
        if (at !== 'end' && at !== 'pass') continue;
        for (const tensor of tensors) {
          if (tensor.name !== 'frozen') tensor.digest = `${run}`.padEnd(64, tensor.digest);
        }
      }
    }
  }
}

function hide(trace: Draft, observable: string): void {
  if (observable === 'samples') trace.samples = [];
  for (const state of trace.states) {
    if (observable === 'slots') state.tensors = state.tensors.filter(({ kind }) => kind !== 'slot');
    if (observable === 'random') state.random = {};
  }
  for (const step of trace.steps) {
    if (observable === 'hooks') step.hookCalls.fill(0);
    if (observable === 'gradients') step.gradientL2.fill(null);
    if (observable === 'learning-rates') step.learningRates.fill(null);
    if (observable === 'batches') step.claimed.batch = [];
  }
}

/** The traces of a scenario that is spoiled in this way. */
export function spoilt(
  { spoil, noisy = false, deviates = [], worldSize = 1 }: Case,
  options: { updateEvery?: number } = {},
): Traces {
  const traces = healthyTraces({ ...options, noisy, deviates, worldSize });
  spoil({ ...traces, resumed: traces.after[0]! });
  return traces;
}
