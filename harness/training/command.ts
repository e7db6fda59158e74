/** A command as the trainer of a scenario. */

/**
 * How to start a training program that a recorder records. These placeholders stand for paths in `program`, `args`, `env`, `cwd` and
 * `resumeWith`: `{run}` is the folder for what this process writes, `{own}` an empty folder that no other process sees,
 * and `{here}` the folder that the gate was started in. A process that resumes finds in `{run}` a copy of what the
 * process that it resumes from had there when it had saved.
 */
export interface Command {
  /** The program: a path, or a name on the PATH. */
  readonly program: string;
  /** Its arguments. Give those of the whole training: it is stopped at the steps of the plan. */
  readonly args: readonly string[];
  /** Variables of the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The working folder. By default, the one that the gate was started in. */
  readonly cwd?: string;
  /**
   * Arguments that a process that resumes gets in addition. `{checkpoint}` is what the process before saved at the resume
   * point: a file, or the folder of several files. `{step}` is the step of the resume point.
   */
  readonly resumeWith?: readonly string[];
  /**
   * Arguments with which the program never saves, such as `--save_strategy no`. The control gets them in addition, and one
   * more process, the `saver`, saves as the program always does. It must equal the control.
   */
  readonly neverSaveWith?: readonly string[];
  /**
   * How a process is stopped after the save that another resumes from. `pass`, the default: at once, at the next forward
   * pass. `exit`: by SystemExit there, so that the program cleans up. `signal`: by SIGTERM there.
   */
  readonly stop?: 'pass' | 'exit' | 'signal';
  /** The seconds that the program has after SIGTERM. 30 by default. */
  readonly grace?: number;
  /** What a step of the plan is. By default, a micro-batch: one backward pass. */
  readonly stepIs?: 'micro-batch' | 'update';
}
