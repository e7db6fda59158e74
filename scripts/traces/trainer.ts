/**
 * A trainer small enough to read. All that a checkpoint must hold is plain data, and `train` makes one step with it.
 * Each parameter is pulled towards a target that the example gives.
 */

export const FORMATS = { float32: 24, float16: 11, bfloat16: 8 } as const;
export type Format = keyof typeof FORMATS;

export interface Tensor {
  readonly shape: readonly number[];
  readonly format: Format;
  readonly values: readonly number[];
}
type Tensors = Record<string, Tensor>;

/** What a checkpoint holds. */
export interface State {
  parameters: Tensors;
  slots: Tensors;
  ema: Tensors;
  buffers: Tensors;
  /** Accumulated and not yet applied. */
  gradients: Tensors;
  random: Record<string, number>;
  counters: Record<string, number>;
}

export interface Parameter {
  readonly name: string;
  readonly start: readonly number[];
  readonly format?: Format;
  /** The optimizer's group; null if no optimizer holds it. `all` by default. */
  readonly group?: string | null;
  readonly frozen?: true;
  /** An earlier parameter with the same storage. */
  readonly tied?: string;
}

export interface Recipe {
  readonly parameters: readonly Parameter[];
  readonly optimizer: 'sgd' | 'adam';
  /** Micro-batches per update. */
  readonly every?: number;
  /** What one step is, if not a micro-batch. */
  readonly stepIs?: 'update';
  /** The learning rate of each update, from 0; constant by default. */
  readonly rate?: (update: number) => number;
  readonly generators?: readonly string[];
  readonly ema?: true;
  readonly buffer?: true;
  /** How to name the slots of a parameter, and which counters the optimizer has instead of a slot that counts. */
  readonly dialect?: 'torch' | 'optax';
  /** A relative error of each gradient, as of a device whose sums come in any order. */
  readonly noise?: () => number;
  /** The user's own hooks for each parameter, beside the one that updates. */
  readonly hooks?: number;
  /** A counter of starts that goes up with each resume. */
  readonly countsStarts?: true;
}

/** What is wrong with a process. */
export type Fault = 'old-hooks' | 'stale-rate' | 'trains-a-copy';

/** What a recorder sees of one step, by parameter. */
export interface Seen {
  readonly batch: string[];
  readonly loss: number;
  readonly applied: boolean;
  readonly rate: number;
  readonly columns: readonly {
    readonly moved: number;
    readonly changed: boolean;
    readonly gradient: number | null;
    readonly used: number | null;
    readonly hookCalls: number;
    readonly updates: number;
    readonly rate: number | null;
  }[];
  readonly stray: number;
  readonly strayGradients: number;
}

const NAMES = {
  torch: (parameter: string, slot: string) => `${parameter}.${slot}`,
  optax: (parameter: string, slot: string) =>
    `0/${slot === 'exp_avg' ? 'mu' : 'nu'}/${parameter.replaceAll('.', '/')}`,
} as const;

/** Rounds to the nearest value of a format, to even in the middle. */
export function rounded(value: number, format: Format): number {
  if (value === 0 || format === 'float32') return Math.fround(value);
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(value))) + 1 - FORMATS[format]);
  const [low, rest] = [Math.floor(value / unit), value / unit - Math.floor(value / unit)];
  const up = rest > 0.5 || (rest === 0.5 && low % 2 !== 0);
  return (low + Number(up)) * unit;
}

export const lengthOf = (values: readonly number[]): number => Math.hypot(...values);
const zeros = ({ shape, values }: Tensor): Tensor => ({
  shape,
  format: 'float32',
  values: values.map(() => 0),
});
const rateOf = ({ rate = () => 0.25 }: Recipe, update: number): number => rate(update);
const holds = ({ group, frozen, tied }: Parameter): boolean =>
  group !== null && frozen !== true && tied === undefined;

export function initial(recipe: Recipe): State {
  const parameters = Object.fromEntries(
    recipe.parameters.map(({ name, start, format = 'float32' }) => [
      name,
      { shape: [start.length], format, values: start.map((value) => rounded(value, format)) },
    ]),
  );
  return {
    parameters,
    slots: {},
    ema: recipe.ema ? structuredClone(parameters) : {},
    buffers: recipe.buffer ? { 'norm.running_mean': { shape: [1], format: 'float32', values: [0] } } : {},
    gradients: {},
    random: Object.fromEntries((recipe.generators ?? []).map((name, at) => [name, 12_345 + at])),
    counters: {
      step: 0,
      'sampler.position': 0,
      ...(recipe.rate ? { 'scheduler.last_epoch': 0 } : {}),
      ...(recipe.dialect === 'optax' ? { 'optimizer.count': 0 } : {}),
      ...(recipe.countsStarts ? { starts: 1 } : {}),
    },
  };
}

/** The next state of a generator: the one of Numerical Recipes. */
const drawn = (state: number): number => (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;

/** Slots of zeros for all parameters, as an optimizer that prepares itself makes them. */
export function prepared(state: State, recipe: Recipe): void {
  for (const { name } of recipe.parameters.filter(holds)) slotsOf(state, recipe, name);
}

function slotsOf(state: State, { dialect = 'torch' }: Recipe, name: string): [string, string] {
  const names = ['exp_avg', 'exp_avg_sq'].map((slot) => NAMES[dialect](name, slot)) as [string, string];
  for (const slot of names) state.slots[slot] ??= zeros(state.parameters[name]!);
  return names;
}

/** One step. `resumed` is the fault of a process that has one. */
export function train(state: State, recipe: Recipe, fault?: Fault): Seen {
  const { parameters, every = 1, stepIs, hooks = 0, noise = () => 0 } = recipe;
  const { counters } = state;
  const batches = stepIs === 'update' ? every : 1;
  const batch: string[] = [];
  const before = structuredClone(state.parameters);
  let loss = 0;
  for (let n = 0; n < batches; n += 1) {
    const example = counters['sampler.position']!;
    counters['sampler.position'] = example + 1;
    batch.push(`row ${example}`);
    for (const name of Object.keys(state.random)) state.random[name] = drawn(state.random[name]!);
    const dropout = Object.values(state.random).reduce((sum, own) => sum + own / 2 ** 32 / 50, 0);
    for (const { name, frozen } of parameters) {
      const { values } = state.parameters[name]!;
      const gradient = values.map((value, at) => (value - (example % 3) - at / 4) * (1 + dropout + noise()));
      loss += lengthOf(gradient) ** 2 / 2 / batches;
      if (frozen || fault === 'trains-a-copy') continue;
      const own = sharedName(recipe, name);
      const sum = state.gradients[own] ?? zeros(state.parameters[own]!);
      state.gradients[own] = {
        ...sum,
        values: sum.values.map((one, at) => Math.fround(one + gradient[at]!)),
      };
    }
  }
  counters.step = counters.step! + 1;
  const applied = counters['sampler.position']! % every === 0;
  const update = counters['scheduler.last_epoch'] ?? 0;
  const rate = rateOf(recipe, update);
  const lengths = parameters.map(({ name }) => {
    const gradient = state.gradients[sharedName(recipe, name)];
    return gradient === undefined ? null : lengthOf(gradient.values);
  });
  const held = parameters.map(holds);
  const updates = held.map((own) => own && applied && fault !== 'old-hooks' && fault !== 'trains-a-copy');
  if (applied) {
    for (const [at, { name }] of parameters.entries())
      if (updates[at]) updated(state, recipe, name, fault === 'stale-rate' ? 0 : rate, every);
    for (const { name, group } of parameters) if (group !== null) delete state.gradients[name];
    for (const [name, average] of Object.entries(state.ema))
      state.ema[name] = {
        ...average,
        values: average.values.map((own, at) =>
          rounded(0.75 * own + 0.25 * state.parameters[name]!.values[at]!, average.format),
        ),
      };
    if (recipe.rate) counters['scheduler.last_epoch'] = update + 1;
    if (recipe.dialect === 'optax') counters['optimizer.count'] = counters['optimizer.count']! + 1;
  }
  for (const [name, { values, ...rest }] of Object.entries(state.buffers))
    state.buffers[name] = { ...rest, values: values.map((value) => Math.fround(0.9 * value + 0.1 * loss)) };
  const fires = (own: boolean): number =>
    own && fault !== 'old-hooks' && fault !== 'trains-a-copy' ? (1 + hooks) * batches : 0;
  return {
    batch,
    loss,
    applied,
    rate,
    columns: parameters.map(({ name }, at) => {
      const [old, now] = [before[name]!.values, state.parameters[name]!.values];
      return {
        moved: lengthOf(now.map((value, index) => value - old[index]!)),
        changed: now.some((value, index) => value !== old[index]),
        gradient: lengths[at]!,
        used: updates[at] ? lengths[at]! / every : null,
        hookCalls: fires(held[at]!),
        updates: Number(updates[at]),
        rate: updates[at] ? (fault === 'stale-rate' ? 0 : rate) : null,
      };
    }),
    stray: fault === 'trains-a-copy' ? held.filter(Boolean).length : 0,
    strayGradients: fault === 'trains-a-copy' ? parameters.length : 0,
  };
}

/** The learning rate that the schedule gives for the next update, which many loops log. */
export const nextRate = (recipe: Recipe, { counters }: State): number =>
  rateOf(recipe, counters['scheduler.last_epoch'] ?? 0);

/** The first name of a tied parameter carries its gradient and its slots. */
const sharedName = ({ parameters }: Recipe, name: string): string =>
  parameters.find((one) => one.name === name)?.tied ?? name;

/** One update, of plain SGD or of Adam without its correction of the bias. */
function updated(state: State, recipe: Recipe, name: string, rate: number, count: number): void {
  const { values, ...form } = state.parameters[name]!;
  const gradient = state.gradients[name]!.values.map((sum) => sum / count);
  let steps = gradient;
  if (recipe.optimizer === 'adam') {
    const [first, second] = slotsOf(state, recipe, name);
    const blend = (slot: string, decay: number, own: readonly number[]): readonly number[] => {
      const tensor = state.slots[slot]!;
      const next = tensor.values.map((old, at) => Math.fround(decay * old + (1 - decay) * own[at]!));
      state.slots[slot] = { ...tensor, values: next };
      return next;
    };
    const mean = blend(first, 0.5, gradient);
    const square = blend(
      second,
      0.75,
      gradient.map((one) => one * one),
    );
    steps = mean.map((one, at) => one / (Math.sqrt(square[at]!) + 1e-8));
    if (recipe.dialect !== 'optax') {
      const step = `${name}.step`;
      const made = state.slots[step]?.values[0] ?? 0;
      state.slots[step] = { shape: [], format: 'float32', values: [made + 1] };
    }
  }
  const next = {
    ...form,
    values: values.map((value, at) => rounded(value - rate * steps[at]!, form.format)),
  };
  for (const one of recipe.parameters)
    if (one.name === name || one.tied === name) state.parameters[one.name] = next;
}
