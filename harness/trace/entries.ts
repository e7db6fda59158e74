/**
 * Bounds what a trace holds by name: counters, generators, versions and learning rates. Each costs a hundred bytes and
 * two microseconds, whoever wrote it with nine bytes. All else costs about as much as its text is long.
 */

/** The most in one record: three for each of 30,000 parameters. */
const MOST = 100_000;
/** A record with more of them is longer: a tensor takes 200 bytes of a state, a parameter 30 of a step. */
const BYTES_EACH = 32;

export class Entries {
  #left = MOST;

  /** Call it for each line before the line is checked. */
  allow(lineBytes: number): void {
    this.#left = Math.min(MOST, this.#left + lineBytes / BYTES_EACH);
  }

  /** Whether a parsed line has more entries than its trace may have. */
  exceeded(json: unknown): boolean {
    return entriesOf(json) > this.#left;
  }

  take(record: object): void {
    this.#left -= entriesOf(record);
  }
}

function entriesOf(json: unknown): number {
  const { counters, random, claimed, backend, observed, evaluating } = (json ?? {}) as Record<
    string,
    unknown
  >;
  const { learningRates } = (claimed ?? {}) as Record<string, unknown>;
  const { versions } = (backend ?? {}) as Record<string, unknown>;
  const counted = [counters, random, learningRates, versions, observed, evaluating];
  return counted.reduce((sum: number, one) => sum + sizeOf(one), 0);
}

const sizeOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
