/** Says a judgement in the words of the library that the traces come from. */
import type { Evidence } from './evidence.ts';
import type { Verdict } from './verdict.ts';

/** What a verdict says in words of the harness's own trainers, and what it says to others: nobody there has `observe()`. */
const PHRASES: readonly (readonly [own: string, others: string])[] = [
  ['let `observe()` show it', 'the recorder does not see it'],

  ['let observe() return it to tell which; ', ''],
  ['that observe() does not return', 'that the recorder does not see'],
  [
    'show it in observe() or in the training parts, or declare lacks',
    'let the recorder see it, or declare lacks',
  ],
  ['return the trainer’s parameters from observe(); ', ''],
  ['so that observe() shows them before the first step', 'before the first step'],
  ['in observe()', 'to the recorder'],
  ['with resumeproof’s own runner', 'with resumeproof exec'],
];

/** How to fix what a rule finds, in PyTorch. Rules that are not listed say it in words that hold everywhere. */
const PYTORCH: Readonly<Record<string, string>> = {
  'parameters-not-restored':
    'call `model.load_state_dict(…, strict=True)` before training, and write nothing to the parameters after it',
  'buffers-not-restored':
    'save the whole `model.state_dict()`, not only its parameters, and load it strictly',
  'slots-not-restored':
    'save `optimizer.state_dict()`, and call `optimizer.load_state_dict` once the optimizer holds the model’s parameters; with accelerate, call `prepare` before `load_state`',
  'groups-changed':
    'build the `param_groups` in the same order, with the same parameters, before `optimizer.load_state_dict`',
  'counters-not-restored':
    'save the `state_dict()` of each scheduler, scaler and sampler, and load it once the object exists; with accelerate, pass them to `prepare` or `register_for_checkpointing`',
  'random-not-restored':
    'save `torch.get_rng_state()`, `torch.cuda.get_rng_state_all()`, `random.getstate()`, `numpy.random.get_state()` and the state of each `torch.Generator`, and restore them last, right before the first step',
  'ema-not-restored':
    'save the `state_dict()` of the averaged model, and load it once the average is built, after the model was loaded',
  'gradients-not-restored':
    'save only after `optimizer.step()` and `zero_grad()`, or save each `parameter.grad` and the count of micro-batches too',
  'trainable-changed':
    'set `requires_grad` after the load as at the start of the run, before the optimizer and the hooks are built',
  'ties-changed':
    'tie the weights again after the load, as with `model.tie_weights()`, and load without `assign=True`',
  'equals-cold-start':
    'load the optimizer, the scheduler, the sampler and the generators too, not only the model',
  'hooks-silent':
    'call `register_post_accumulate_grad_hook` after the load: `load_state_dict(…, assign=True)` puts other parameters in the model, which have no hooks',
  'learning-rate-not-as-claimed':
    'read the group from `optimizer.param_groups` in each call of a hook: `optimizer.load_state_dict` replaces the groups',
  'updates-go-astray':
    'build the optimizer on the parameters that the model has after the load, or load without `assign=True`',
  'not-reproducible':
    'seed with `torch.manual_seed`, `random.seed` and `numpy.random.seed`, and sort the files that are read from disk',
};

/** The same in JAX, whose loops pass their whole state from step to step. */
const JAX: Readonly<Record<string, string>> = {
  'parameters-not-restored':
    'give the restored parameters to the first step, and let nothing initialize them again',
  'slots-not-restored':
    'save the whole `opt_state`, and give it to the first step in the place of what `optimizer.init` returns',
  'counters-not-restored':
    'save the whole `opt_state`, which holds the counts of the optimizer and of its schedule, and the step of the loop; restore all of them',
  'random-not-restored':
    'save `jax.random.key_data` of each key, restore it by `jax.random.wrap_key_data`, and split it only then; save and restore NumPy’s generators too',
  'ema-not-restored':
    'save the pytree of the average, and restore it once the parameters are; a new one would start from them',
  'gradients-not-restored':
    'save the whole `opt_state`: that of `optax.MultiSteps` holds the accumulated gradients',
  'equals-cold-start': 'restore the `opt_state`, the step and the keys too, not only the parameters',
  'learning-rate-not-as-claimed':
    'restore the whole `opt_state`, as its own count drives the schedule, and log the rate that it holds',
  'applied-learning-rate-differs':
    'restore the whole `opt_state`: its own count drives the schedule, not the step of the loop',
  'not-reproducible':
    'make each key and NumPy’s generators from the seed, and sort the files that are read from disk; on a GPU, set `XLA_FLAGS=--xla_gpu_deterministic_ops=true`',
};

/** Causes that hold in JAX in the place of those that name hooks and parameter groups. */
const JAX_CAUSES: Readonly<Record<string, string>> = {
  'learning-rate-not-as-claimed':
    'the schedule reads a count in the `opt_state`, which is not the step that the log reads',
  'applied-learning-rate-differs':
    'the schedule reads a count in the `opt_state`, which is not the control’s',
};

/** The judgement, with texts for whoever wrote the trainer. */
export function inLanguageOf<Judged extends Pick<Verdict, 'headline' | 'findings'>>(
  { traces }: Pick<Evidence, 'traces'>,
  judged: Judged,
): Judged {
  const versions = traces.find(({ run }) => run !== undefined)?.run?.backend.versions ?? {};
  if ('tfjs-core' in versions || Object.keys(versions).length === 0) return judged;
  const [fixes, causes] =
    'torch' in versions ? [PYTORCH, {}] : 'jax' in versions ? [JAX, JAX_CAUSES] : [{}, {}];
  const said = (text: string): string =>
    PHRASES.reduce((all, [own, others]) => all.replaceAll(own, others), text);
  return {
    ...judged,
    headline: said(judged.headline),
    findings: judged.findings.map((finding) => ({
      ...finding,
      sentence: said(finding.sentence),
      likelyCause: causes[finding.rule] ?? said(finding.likelyCause),
      fix: fixes[finding.rule] ?? said(finding.fix),
    })),
  };
}
