/** A loop and whoever asks it for one step at a time: one of the two runs, the other waits. */
export class Turns {
  #release: (() => void) | undefined;
  #arrival = Promise.withResolvers<void>();
  #failure: Error | undefined;

  /** The loop waits to be asked. */
  get held(): boolean {
    return this.#release !== undefined;
  }

  /** Starts the loop, which {@link hold}s itself. */
  begin(loop: () => Promise<unknown>): void {
    void this.#run(loop);
  }

  /** Until the loop is held, or has ended. @throws {Error} what the loop throws */
  async arrived(): Promise<void> {
    await this.#arrival.promise;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Lets the loop go on to where it is held next, or ends. @throws {Error} what the loop throws */
  async next(): Promise<void> {
    await this.arrived();
    const release = this.#release;
    if (release !== undefined) {
      this.#arrival = Promise.withResolvers();
      this.#release = undefined;
      release();
    }
    await this.arrived();
  }

  /** Called by the loop, which waits here. @param before done while it is held already, before that is told */
  async hold(before: () => Promise<void> = async () => {}): Promise<void> {
    const released = new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    await before();
    this.#arrival.resolve();
    await released;
  }

  async #run(loop: () => Promise<unknown>): Promise<void> {
    try {
      await loop();
    } catch (error) {
      this.#failure = error as Error;
    }
    this.#arrival.resolve();
  }
}
