/** Alternates between a loop and a caller that requests one step at a time: while one runs, the other waits. */
export class Turns {
  #release: (() => void) | undefined;
  #arrival = Promise.withResolvers<void>();
  #failure: Error | undefined;

  /** True while the loop is paused. */
  get held(): boolean {
    return this.#release !== undefined;
  }

  /** Starts the loop, which calls {@link hold} to pause itself. */
  begin(loop: () => Promise<unknown>): void {
    void this.#run(loop);
  }

  /** Resolves when the loop is paused or has ended. @throws {Error} what the loop throws */
  async arrived(): Promise<void> {
    await this.#arrival.promise;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Lets the loop run until it pauses again or ends. @throws {Error} what the loop throws */
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

  /** Pauses the loop that calls it. @param before runs first, before {@link arrived} resolves */
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
