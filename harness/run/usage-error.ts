/** Wrong usage or configuration: one line for the user, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** What a program that failed has said last; shown below the line. */
  readonly said: readonly string[];

  constructor(message: string, said: readonly string[] = []) {
    super(message);
    this.said = said;
  }
}
