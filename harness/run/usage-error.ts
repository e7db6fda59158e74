/** Wrong usage or configuration: one line for the user, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** What a program that failed has said last; shown below the line. */
  readonly said: readonly string[];
  /** Where in the user's file it arose, and the code around it; shown below the line. */
  readonly code: readonly string[];

  constructor(
    message: string,
    said: readonly string[] = [],
    { cause, code = [] }: { readonly cause?: unknown; readonly code?: readonly string[] } = {},
  ) {
    super(message, { cause });
    this.said = said;
    this.code = code;
  }
}
