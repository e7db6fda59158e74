/**
 * Turns inside out a loop that trains with optimizers alone: `optimizer.minimize`, or `applyGradients` with
 * gradients of its own. Such a loop is synchronous but for where it gives way, so it is held there: the
 * scenario puts `hold` where the program awaits something (`tf.nextFrame`, a log, an image). A step is what
 * lies between two holds and updates something.
 *
 * A loop that is resumed is run again from its beginning, and the steps of before are passed over: the function
 * that `minimize` is given is called for the data that it draws, nothing is updated, and the cost is the one
 * that was recorded.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import * as tf from '@tensorflow/tfjs-core';
import type { Recording } from './batches.ts';
import type { Weight } from './model.ts';
import { scalarsOf, slotsOf, type TrainedOptimizer, type Watched, watchOptimizer } from './optimizer.ts';
import { Turns } from './turns.ts';

/**
 * Stops a loop until its next step is due. The loop awaits it before the first update and after each step, and gives
 * the step's loss.
 */
export type Hold = (claim?: { readonly loss: number }) => Promise<void>;

export interface WatchedOptimizer extends TrainedOptimizer {
  /** None before the first update. */
  weights: readonly Weight[];
  readonly watched: Watched;
}

const running = new AsyncLocalStorage<Updates>();
let installed = false;

/** Every optimizer that is made or minimizes, those too that no one but the program ever sees. */
function install(): void {
  if (installed) return;
  installed = true;
  const makers = tf.train as unknown as Record<string, unknown>;
  for (const name of Object.getOwnPropertyNames(tf.train)) {
    const make = makers[name];
    if (typeof make !== 'function') continue;
    makers[name] = (...options: unknown[]) => {
      const optimizer = make.apply(tf.train, options);
      running.getStore()?.watch(optimizer);
      return optimizer;
    };
  }
  const { minimize } = tf.Optimizer.prototype;
  tf.Optimizer.prototype.minimize = function (...call: Parameters<typeof minimize>) {
    const updates = running.getStore();
    const run = (...args: Parameters<typeof minimize>) => minimize.apply(this, args);
    return updates === undefined ? run(...call) : updates.minimize(this, call, run);
  };
}

export class Updates {
  /** Steps done, those before a resume included. */
  done = 0;
  /** The loss of the last step, NaN where none was seen. */
  loss = Number.NaN;
  /** The learning rates that the optimizers showed when one was applied last in this step. */
  learningRates: readonly number[] | undefined;
  readonly optimizers: WatchedOptimizer[] = [];
  /** Variables that were there before are not this program's. */
  readonly #others = new Set<tf.Tensor>(Object.values(tf.engine().registeredVariables));
  readonly #names = new Map<tf.Variable, string>();
  #target = 0;
  #past: Recording = [];
  #restoreWeights = () => {};
  #replayed = 0;
  #recorded: (readonly number[])[] = [];
  #costs: tf.Tensor[] = [];
  #begun = false;
  #updated = false;
  readonly #turns = new Turns();

  /** The loop begins with that many steps done. */
  beginAt(steps: number): void {
    this.done = steps;
    this.#target = steps;
  }

  /**
   * The loop begins anew; it is to be held first when it has passed over `steps`, which cost what is recorded.
   * @param restoreWeights called in place of the last update: the loop may look at the weights before it is held
   */
  passOver(steps: number, past: Recording, restoreWeights: () => void): void {
    this.#target = steps;
    this.#restoreWeights = restoreWeights;
    this.#past = past;
    this.#recorded = [...past];
  }

  get recording(): Recording {
    return this.#recorded;
  }

  /** Runs `work` with every `minimize` inside it, across each `await`, coming here. */
  run<T>(work: () => T): T {
    install();
    return running.run(this, work);
  }

  /** @throws {Error} what the loop throws, or when it ends before its first step that was not done yet */
  async start(loop: (hold: Hold) => Promise<unknown>): Promise<void> {
    this.#turns.begin(async () => {
      await loop(this.hold);
      await this.hold();
    });
    await this.#turns.arrived();
    if (this.#turns.held) return;
    throw new Error(
      `the loop ended after ${this.done} steps without being held for step ${this.#target + 1}: await hold() before the first update and after each, and run it with the data and for as long as when it was saved`,
    );
  }

  /** Lets one step be done. @throws {Error} what the loop throws, or when it has no step left */
  async next(): Promise<void> {
    const { done } = this;
    this.learningRates = undefined;
    this.loss = Number.NaN;
    await this.#turns.next();
    if (this.done === done) {
      throw new Error(`the loop ended after ${done} steps: give it as many as the plan has`);
    }
  }

  readonly hold: Hold = async (claim) => {
    if (this.#begun && !this.#updated) return;
    if (this.#updated) this.done += 1;
    this.#begun = true;
    this.#updated = false;
    if (claim !== undefined) this.loss = claim.loss;
    await this.#readBack();
    if (this.done >= this.#target) await this.#turns.hold();
  };

  minimize(
    optimizer: tf.Optimizer,
    [f, returnCost, varList]: Parameters<tf.Optimizer['minimize']>,
    run: tf.Optimizer['minimize'],
  ): tf.Scalar | null {
    this.#refuseUnheld();
    const own = this.watch(optimizer);
    const all = this.parameters();
    own.weights = varList === undefined ? all : this.#named(varList);
    const past = this.#past[this.#replayed];
    if (past !== undefined) {
      this.#replayed += 1;
      this.#updated = true;
      tf.tidy(() => void f());
      if (this.#replayed === this.#past.length) this.#restoreWeights();
      return returnCost ? tf.scalar(past[0]!) : null;
    }
    const cost = run(f, true, varList)!;
    this.#costs.push(tf.keep(tf.reshape(cost, [])));
    if (returnCost) return cost;
    cost.dispose();
    return null;
  }

  /** From now on, what the optimizer does is seen. */
  watch(optimizer: tf.Optimizer): WatchedOptimizer {
    const known = this.optimizers.find((each) => each.optimizer === optimizer);
    if (known !== undefined) return known;
    const key = this.optimizers.length === 0 ? '' : `optimizer${this.optimizers.length}`;
    const watched = watchOptimizer({ key, optimizer, weights: [] }, (variables) => {
      this.#refuseUnheld();
      if (this.done < this.#target) {
        throw new Error(
          'applyGradients is called by a loop that is run again to where it was saved: let it begin there, with `continues`',
        );
      }
      this.#updated = true;
      this.learningRates = this.optimizers.map(({ watched }) => watched.claimed());
      this.parameters();
      own.weights = this.#named(variables);
    });
    const own: WatchedOptimizer = { key, optimizer, weights: [], watched };
    this.optimizers.push(own);
    return own;
  }

  /** What the program made and may train, in the order in which it was made and `minimize` takes it. */
  parameters(): Weight[] {
    return this.#made(({ trainable }) => trainable);
  }

  /** What it made and does not train: running statistics and the like. */
  buffers(): Weight[] {
    return this.#made(({ trainable }) => !trainable);
  }

  /** Without the optimizers' own, of which some count as trainable. */
  #made(which: (variable: tf.Variable) => boolean): Weight[] {
    const optimizers = this.optimizers.flatMap((own): tf.Tensor[] => [
      ...slotsOf(own).map(({ tensor }) => tensor),
      ...scalarsOf(own).map(([, tensor]) => tensor),
    ]);
    const not = new Set<tf.Tensor>([...this.#others, ...optimizers]);
    const { registeredVariables } = tf.engine();
    return this.#named(
      Object.values(registeredVariables).filter((variable) => which(variable) && !not.has(variable)),
    );
  }

  /** TensorFlow.js names what has no name by a number that counts everything in the process. */
  #named(variables: readonly tf.Variable[]): Weight[] {
    return variables.map((variable) => {
      const { name } = variable;
      if (!this.#names.has(variable)) {
        const unnamed = [...this.#names.values()].filter((each) => /^variable \d+$/.test(each)).length;
        this.#names.set(variable, /^\d+$/.test(name) ? `variable ${unnamed + 1}` : name);
      }
      return { name: this.#names.get(variable)!, variable };
    });
  }

  #refuseUnheld(): void {
    if (this.#begun) return;
    throw new Error('a parameter is updated before the loop was held: await hold() before its first update');
  }

  async #readBack(): Promise<void> {
    const costs = this.#costs;
    this.#costs = [];
    const values = await Promise.all(costs.map(async (cost) => (await cost.data())[0]!));
    tf.dispose(costs);
    this.#recorded.push(...values.map((value) => [value]));
    if (values.length > 0 && Number.isNaN(this.loss)) this.loss = values[0]!;
  }
}
