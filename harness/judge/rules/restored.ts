/** Restored: what the resumed process holds before its first step is what the saved one held. */
import type { StateRecord, TensorRecord, TracedStep } from '../../trace/schema.ts';
import { sameStep } from '../columns.ts';
import {
  type Difference,
  differences,
  entriesThatDiffer,
  initialState,
  isAsIn,
  manner,
  nearlySame,
} from '../compare.ts';
import { type Evidence, type Resume, tensorsOf } from '../evidence.ts';
import type { Noise } from '../noise/noise.ts';
import { type Curve, imageReadings, stepReadings } from '../quantities.ts';
import type { Found, Rule } from '../rule.ts';
import { figure, listed, ofAll } from '../words.ts';

type Kind = TensorRecord['kind'];

function describe({ saved, resumed }: Difference): { expected: string; seen: string } {
  const text = (tensor: TensorRecord | undefined): string =>
    tensor === undefined ? 'none' : `${tensor.dtype} [${tensor.shape}], L2 norm ${figure(tensor.l2)}`;
  const same = text(saved) === text(resumed);
  return { expected: text(saved), seen: same ? `${text(resumed)}, with other bytes` : text(resumed) };
}

/** Only a resume of which both states are known can be judged; rules/run.ts tells of the others. */
const known = ({ resumes }: Evidence): readonly Resume[] =>
  resumes.filter(({ saved, resumed }) => saved !== undefined && resumed !== undefined);

interface TensorRule {
  readonly id: string;
  readonly kind: Kind;
  readonly noun: string;
  readonly claim: string;
  readonly cause: (resume: Resume, found: readonly Difference[], evidence: Evidence) => string;
  readonly remedy: string;
}

/** The parameter groups of which every tensor concerned is lost, so that the sentence can name them. */
export function wholeGroups(resume: Resume, found: readonly Difference[], kind: Kind): string[] {
  const groupOf = new Map(
    resume.saved?.tensors.filter(({ kind }) => kind === 'parameter').map(({ name, group }) => [name, group]),
  );
  const group = (parameter: string | undefined): string | undefined => groupOf.get(parameter ?? '');
  const lost = new Set(found.map(({ saved }) => group(saved?.parameter)));
  const differing = new Set(found.map(({ name }) => name));
  const kept = [...tensorsOf(resume.saved, kind).values()].filter(({ name }) => !differing.has(name));
  for (const { parameter } of kept) lost.delete(group(parameter));
  return [...lost].filter((name) => name !== undefined);
}

function tensorRule({ id, kind, noun, claim, cause, remedy }: TensorRule): Rule {
  return {
    id,
    proof: 'restored',
    claim,
    reads: `the ${noun}s in the state at the save and in that at the resume: names, bytes, shapes, types`,
    speaks: 'before the first step',
    judge: (evidence) =>
      known(evidence).flatMap((resume): Found[] => {
        const { of, total } = differences(resume, kind);
        if (of.length === 0) return [];
        const groups = wholeGroups(resume, of, kind);
        const named = groups.length > 0 && of.length < total ? `, all those of ${listed(groups, 6)}` : '';
        return [
          {
            sentence: `After resume ${resume.index}, ${ofAll(of.length, total, noun)} ${of.length === 1 ? 'is' : 'are'} ${manner(of)}${named}.`,
            subjects: of.map(({ name }) => name),
            total,
            resume: resume.index,
            step: resume.from,
            ...describe(of[0]!),
            cause: cause(resume, of, evidence),
            remedy,
          },
        ];
      }),
  };
}

export const parametersNotRestored = tensorRule({
  id: 'parameters-not-restored',
  kind: 'parameter',
  noun: 'parameter',
  claim: 'Every parameter comes back with its bytes, shape and type.',
  cause: (_resume, found, evidence) => {
    if (found.every(isAsIn(initialState(evidence), 'parameter')))
      return 'they are as in a run that just began: nothing was loaded, or they were initialised after the load';
    const absent = found.filter(({ resumed }) => resumed === undefined).length;
    if (absent > 0) return `${absent} of them are not in the resumed model at all`;
    return 'the load skipped them, converted them, put them elsewhere, or something wrote to them after it';
  },
  remedy: 'load strictly, with every name accounted for, and let nothing write to the weights after the load',
});

export const slotsNotRestored = tensorRule({
  id: 'slots-not-restored',
  kind: 'slot',
  noun: 'optimizer slot',
  claim: 'Every optimizer slot (momentum, second moment …) comes back.',
  cause: (resume, found) => {
    const way = manner(found);
    if (way === 'missing') {
      const groups = wholeGroups(resume, found, 'slot');
      const whose = groups.length > 0 ? `of ${listed(groups, 6)} ` : '';
      return `the optimizer state ${whose}was left out of the checkpoint, or saved and never read: the optimizer was created, or registered with the checkpoint, after the restore`;
    }
    if (way === 'zero') return 'the slots were made anew after the restore, or the restore filled others';
    const digests = new Set(found.map(({ saved }) => saved?.sha256));
    const shuffled = found.length > 1 && found.every(({ resumed }) => digests.has(resumed?.sha256));
    return shuffled
      ? 'the slots belong to other parameters: they were mapped back by position, not by name'
      : 'they were converted, belong to another step, or a step was made while restoring';
  },
  remedy: 'create and register every optimizer before the restore, and map slots to parameters by name',
});

export const averagesNotRestored = tensorRule({
  id: 'averages-not-restored',
  kind: 'average',
  noun: 'weight average',
  claim: 'The averages of the weights (EMA) come back.',
  cause: ({ resumed }, found) =>
    found.every(isAsIn(resumed, 'parameter'))
      ? 'they equal the live weights: the average was started anew from them'
      : 'the average was not saved, or was built after the restore',
  remedy: 'save the averages and their counter, and restore them after the average is built',
});

export const buffersNotRestored = tensorRule({
  id: 'buffers-not-restored',
  kind: 'buffer',
  noun: 'buffer',
  claim: 'State outside the parameters, such as running statistics, comes back.',
  cause: () => 'buffers are not among the trainable weights, and only those were saved or loaded',
  remedy: 'save and load the whole state of the model, not its trainable weights alone',
});

export const gradientsNotRestored = tensorRule({
  id: 'gradients-not-restored',
  kind: 'gradient',
  noun: 'accumulated gradient',
  claim: 'Gradients that were accumulated and not yet applied come back.',
  cause: () =>
    'the run was saved in mid-accumulation, and the gradients gathered so far were not saved or not loaded',
  remedy: 'save only after an update, or save the accumulated gradients and the micro-batch count too',
});

export const countersNotRestored: Rule = {
  id: 'counters-not-restored',
  proof: 'restored',
  claim: 'Step, schedule, learning rate, data cursor, loss scale and their like come back.',
  reads: 'the counters in the state at the save and in that at the resume',
  speaks: 'before the first step',
  judge: (evidence) =>
    known(evidence).flatMap((resume): Found[] => {
      const { of, total } = entriesThatDiffer(resume.saved!.counters, resume.resumed!.counters);
      if (of.length === 0) return [];
      const values = (side: 'saved' | 'resumed'): string =>
        of
          .slice(0, 6)
          .map((entry) => `${entry.name} ${entry[side]}`)
          .join(', ');
      const [first] = of;
      return [
        {
          sentence: `After resume ${resume.index}, ${ofAll(of.length, total, 'counter')} ${of.length === 1 ? 'is' : 'are'} not what was saved: '${first!.name}' is ${first!.resumed} instead of ${first!.saved}.`,
          subjects: of.map(({ name }) => name),
          total,
          resume: resume.index,
          step: resume.from,
          expected: values('saved'),
          seen: values('resumed'),
          cause: of.every(nearlySame)
            ? 'they agree in their first digits only: they were computed anew in another way than the run arrives at them, such as a power at once instead of a product step by step, and not restored'
            : 'they were not saved, or what they belong to was created or registered after the restore',
          remedy: 'save and restore each schedule, counter and cursor, after the object that holds it exists',
        },
      ];
    }),
};

export const randomNotRestored: Rule = {
  id: 'random-not-restored',
  proof: 'restored',
  claim: 'The state of every random generator comes back.',
  reads: 'the states of the generators at the save and at the resume',
  speaks: 'before the first step',
  judge: (evidence) =>
    known(evidence).flatMap((resume): Found[] => {
      const { of, total } = entriesThatDiffer(resume.saved!.random, resume.resumed!.random);
      if (of.length === 0) return [];
      const initial = initialState(evidence)?.random ?? {};
      const reseeded = of.every(({ name }) => resume.resumed!.random[name] === initial[name]);
      return [
        {
          sentence: `After resume ${resume.index}, ${ofAll(of.length, total, 'random generator')} ${of.length === 1 ? 'does' : 'do'} not go on where ${of.length === 1 ? 'it' : 'they'} stopped: ${listed(of.map(({ name }) => name))}.`,
          subjects: of.map(({ name }) => name),
          total,
          resume: resume.index,
          step: resume.from,
          expected: `state ${of[0]!.saved.slice(0, 12)}…`,
          seen: `state ${of[0]!.resumed.slice(0, 12)}…`,
          cause: reseeded
            ? 'it was seeded anew at the resume: its state is that of the first start'
            : 'its state was not restored, or numbers were drawn after the restore',
          remedy: 'save the state of each generator and restore it last, right before the first step',
        },
      ];
    }),
};

interface Trait {
  readonly id: string;
  readonly claim: string;
  readonly noun: string;
  readonly of: (tensor: TensorRecord, state: StateRecord) => string;
  readonly cause: string;
  readonly remedy: string;
}

/** A trait of the parameters themselves, judged for those that exist on both sides. */
function traitRule({ id, claim, noun, of, cause, remedy }: Trait): Rule {
  return {
    id,
    proof: 'restored',
    claim,
    reads: `the ${noun} of each parameter in the state at the save and in that at the resume`,
    speaks: 'before the first step',
    judge: (evidence) =>
      known(evidence).flatMap((resume): Found[] => {
        const before = tensorsOf(resume.saved, 'parameter');
        const after = tensorsOf(resume.resumed, 'parameter');
        const both = [...before.keys()].filter((name) => after.has(name));
        const saved = (name: string): string => of(before.get(name)!, resume.saved!);
        const resumed = (name: string): string => of(after.get(name)!, resume.resumed!);
        const changed = both.filter((name) => saved(name) !== resumed(name));
        const [first] = changed;
        if (first === undefined) return [];
        return [
          {
            sentence: `After resume ${resume.index}, the ${noun} of ${ofAll(changed.length, both.length, 'parameter')} is another: ${listed(changed)}.`,
            subjects: changed,
            total: both.length,
            resume: resume.index,
            step: resume.from,
            expected: `'${first}': ${saved(first)}`,
            seen: `'${first}': ${resumed(first)}`,
            cause,
            remedy,
          },
        ];
      }),
  };
}

export const trainableChanged = traitRule({
  id: 'trainable-changed',
  claim: 'What was trainable still is, and nothing else.',
  noun: 'trainable flag',
  of: ({ trainable }) => (trainable === false ? 'frozen' : 'trainable'),
  cause: 'loading made new parameters with the default flag, or the code that freezes runs at another point',
  remedy: 'set the trainable flags after the load, from the same configuration as at the start',
});

export const groupsChanged = traitRule({
  id: 'groups-changed',
  claim: 'Each parameter is in the parameter group that it was in.',
  noun: 'parameter group',
  of: ({ group }) => group ?? 'none',
  cause: 'groups were matched by position and their order changed, or a group was built from another list',
  remedy: 'build the groups from names, in the same order, before the optimizer is restored',
});

const byStorage = new WeakMap<StateRecord, ReadonlyMap<TensorRecord['storage'], readonly string[]>>();

/** The names of the parameters that share each storage, in order. */
function storages(state: StateRecord): ReadonlyMap<TensorRecord['storage'], readonly string[]> {
  let shared = byStorage.get(state);
  if (shared === undefined) {
    const parameters = state.tensors.filter(({ kind }) => kind === 'parameter');
    const groups = Map.groupBy(parameters, ({ storage }) => storage);
    shared = new Map([...groups].map(([storage, those]) => [storage, those.map(({ name }) => name).sort()]));
    byStorage.set(state, shared);
  }
  return shared;
}

export const tiesChanged = traitRule({
  id: 'ties-changed',
  claim: 'Parameters that shared storage still do, and no others.',
  noun: 'sharing of storage',
  of: ({ name, storage }, state) => {
    const sharers = storages(state)
      .get(storage)!
      .filter((other) => other !== name);
    return sharers.length === 0 ? 'shared with none' : `shared with ${sharers.join(', ')}`;
  },
  cause: 'the load gave each name a tensor of its own, or one tensor to names that had parted',
  remedy: 'tie the weights again after the load, as the model’s constructor does',
});

export const imagesDifferAtResume: Rule = {
  id: 'images-differ-at-resume',
  proof: 'restored',
  claim:
    'Right after the resume, each sampled image is the one sampled at the save: to the bit, or as far as sampling is noisy.',
  reads: 'the pictures sampled at the save and right after the resume',
  speaks: 'before the first step',
  judge: ({ resumes, noise }) =>
    resumes.flatMap((resume): Found[] => {
      // A process that died before its first record has its own finding.
      if (resume.resumed === undefined) return [];
      const { saved, resumed } = resume.images;
      const after = new Map(resumed.map((sample) => [sample.name, sample.sha256]));
      const [before, now] = [imageReadings(saved), imageReadings(resumed)];
      // Equal weights give other pixels where the sampler's own arithmetic is noisy; the controls' are no closer.
      const alike = (name: string): boolean =>
        !noise.exact &&
        now.has(name) &&
        noise.alike('image', resume.from, name, before.get(name)!, now.get(name)!);
      const different = saved.filter(({ name, sha256 }) => after.get(name) !== sha256 && !alike(name));
      const [first] = different;
      if (first === undefined) return [];
      const absent = different.filter(({ name }) => !after.has(name)).length;
      return [
        {
          sentence: `Right after resume ${resume.index}, ${ofAll(different.length, saved.length, 'sampled image')} ${different.length === 1 ? 'differs' : 'differ'} from what was sampled at the save.`,
          subjects: different.map(({ name }) => name),
          total: saved.length,
          resume: resume.index,
          step: resume.from,
          expected: `pixels ${first.sha256.slice(0, 12)}…`,
          seen:
            absent > 0
              ? `${absent} of them were not sampled at all`
              : `pixels ${after.get(first.name)!.slice(0, 12)}…`,
          cause:
            'what is sampled from was not restored: the weights, their average, or the sampler’s own noise',
          remedy: 'sample from restored tensors, with a seed of the sample’s own',
        },
      ];
    }),
};

const COLD_CURVES = ['loss', 'l2', 'updateL2'] as const;

/** Whether two runs that are no controls made the same step: to the bit, or within the noise. */
function alike(noise: Noise, curve: Curve, one: TracedStep, other: TracedStep): boolean {
  if (sameStep(one, other, curve)) return true;
  const [mine, theirs] = [stepReadings(one, curve), stepReadings(other, curve)];
  return (
    mine.size === theirs.size &&
    [...mine].every(([name, reading]) => {
      const same = theirs.get(name);
      return same !== undefined && noise.alike(curve, one.step, name, reading, same);
    })
  );
}

export const equalsColdStart: Rule = {
  id: 'equals-cold-start',
  proof: 'restored',
  claim: 'The resumed run is not a cold start from the checkpoint’s weights: its state counts.',
  reads:
    'losses, norms and updates of the resumed run, of the control and of a run that starts from the weights alone',
  speaks: 'at the first update',
  judge: ({ resumes, cold, noise }) => {
    const [resume] = resumes;
    if (resume === undefined || cold === undefined || resume.steps.length === 0) return [];
    // As far as all three went: one that ended early is another rule's finding.
    const made = Math.min(resume.steps.length, resume.controlSteps.length, cold.steps.length);
    const theirs = cold.steps.slice(0, made);
    const same = (one: Resume['steps'], other: Resume['steps']): boolean =>
      theirs.every((_, at) => COLD_CURVES.every((curve) => alike(noise, curve, one[at]!, other[at]!)));
    const first = theirs.find(({ changed }) => changed.some(Boolean));
    if (first === undefined || !same(resume.steps, theirs) || same(resume.controlSteps, theirs)) return [];
    // Within the noise a run may be like both.
    if (same(resume.steps, resume.controlSteps)) return [];
    return [
      {
        sentence: `The run after resume 1 equals a cold start from the checkpoint’s weights in every loss, norm and update: all other state was lost.`,
        resume: 1,
        step: first.step,
        expected: `the control’s loss at step ${resume.from + 1}, ${figure(resume.controlSteps[0]?.claimed.loss)}`,
        seen: `the cold start’s, ${figure(resume.steps[0]!.claimed.loss)}, and its equals at all ${theirs.length} steps`,
        cause:
          'the weights were loaded and nothing else: optimizer, schedule, data and random state began anew',
        remedy: 'load the optimizer’s state, the schedule, the data cursor and the random state as well',
      },
    ];
  },
};
