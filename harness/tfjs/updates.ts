/**
 * Runs a loop without `fit` one step at a time. Such a loop calls `optimizer.minimize`, or `applyGradients` with its own
 * gradients. It can only pause where it awaits something (`tf.nextFrame`, a log, an image), so the scenario calls `hold`
 * there. A step is the code between two holds, if it updates something.
 *
 * A resumed loop runs again from its beginning and replays the steps before the checkpoint: `minimize` calls its
 * function for the data that it draws, updates nothing, and returns the recorded cost.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import * as tf from '@tensorflow/tfjs-core';
import type { Recording } from './batches.ts';
import type { Weight } from './model.ts';
import { scalarsOf, slotsOf, type TrainedOptimizer, type Watched, watchOptimizer } from './optimizer.ts';
import { Turns } from './turns.ts';

/**
 * Pauses a loop until the harness requests the next step. The loop awaits it before the first update and after each step,
 * and can pass the loss of that step. By default, the loss is the first cost that `minimize` computed in the step.
 */
export type Hold = (claim?: { readonly loss: number }) => Promise<void>;

export interface WatchedOptimizer extends TrainedOptimizer {
  /** The weights that it trains, in the order of its slots; empty before its first update. */
  weights: readonly Weight[];
  readonly watched: Watched;
}

const running = new AsyncLocalStorage<Updates>();
let installed = false;

/** Patches TensorFlow.js, so that every optimizer is found, even one that stays private to the program. */
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
  /** Steps done, including those before a resume. */
  done = 0;
  /** The loss of the last step; NaN if unknown. */
  loss = Number.NaN;
  /** The learning rates that the optimizers reported at the last update of this step. */
  learningRates: readonly number[] | undefined;
  readonly optimizers: WatchedOptimizer[] = [];
  /** Variables that existed before and do not belong to this program. */
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

  /** Starts the loop with `steps` steps done. */
  beginAt(steps: number): void {
    this.done = steps;
    this.#target = steps;
  }

  /**
   * Starts the loop at its beginning. It replays `steps` steps with the recorded costs before it first pauses.
   * @param restoreWeights called instead of the last replayed update, because the loop can read the weights before it
   *   pauses
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

  /** Runs `work`. Every `minimize` inside it, including after each `await`, is handled here. */
  run<T>(work: () => T): T {
    install();
    return running.run(this, work);
  }

  /** @throws {Error} what the loop throws, or when it ends before its first new step */
  async start(loop: (hold: Hold) => Promise<unknown>): Promise<void> {
    this.#turns.begin(async () => {
      await loop(this.hold);
      await this.hold();
    });
    await this.#turns.arrived();
    if (this.#turns.held) return;
    throw new Error(
      `the loop ended after ${this.done} steps, before a hold() for step ${this.#target + 1}: await hold() before the first update and after each step, and run it with the same data and number of steps as when it was saved`,
    );
  }

  /** Runs one step. @throws {Error} what the loop throws, or when it has no step left */
  async next(): Promise<void> {
    const { done } = this;
    this.learningRates = undefined;
    this.loss = Number.NaN;
    await this.#turns.next();
    if (this.done === done) {
      throw new Error(
        `the loop ended after ${done} steps, but the plan has more: run at least as many steps as the plan`,
      );
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

  /** Observes the optimizer from now on. */
  watch(optimizer: tf.Optimizer): WatchedOptimizer {
    const known = this.optimizers.find((each) => each.optimizer === optimizer);
    if (known !== undefined) return known;
    const key = this.optimizers.length === 0 ? '' : `optimizer${this.optimizers.length}`;
    const watched = watchOptimizer({ key, optimizer, weights: [] }, (variables) => {
      this.#refuseUnheld();
      if (this.done < this.#target) {
        throw new Error(
          'the loop calls applyGradients, which the replay up to the checkpoint cannot repeat: start the loop at the checkpoint’s step, and set `continues: true`',
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

  /** The program's trainable variables, in the order in which it created them. `minimize` uses the same order. */
  parameters(): Weight[] {
    return this.#made(({ trainable }) => trainable);
  }

  /** The program's other variables, such as running statistics. */
  buffers(): Weight[] {
    return this.#made(({ trainable }) => !trainable);
  }

  /** Excludes the optimizers' own variables, because Adam and Adamax register some of theirs as trainable. */
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

  /** Renumbers unnamed variables, because TensorFlow.js numbers them by everything created in the process. */
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
    throw new Error(
      'a parameter was updated before the first hold(): await hold() before the first update of the loop',
    );
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
