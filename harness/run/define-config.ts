/** What a config file holds. */
import type { BackendName } from '../backend/names.ts';

/** What `resumeproof.config.ts` sets: options of commands, by their names. The command line wins. */
export interface Config {
  /** The folder of scenario files. */
  readonly scenarios?: string;
  /** The folder for reports. */
  readonly reports?: string;
  /** The folder of images to train on. */
  readonly images?: string;
  /** The backend to train on. */
  readonly backend?: BackendName | 'auto';
  /** Whether the device must be a hardware GPU. */
  readonly requireGpu?: boolean;
  /** Concurrent processes of `run`, `fuzz` and `mutants`. */
  readonly jobs?: number;
  /** Whether `run` ends each run as soon as all proofs are settled. */
  readonly fast?: boolean;
  /** How a result is told, such as `junit=junit.xml`. */
  readonly reporter?: string | readonly string[];
  /** The folder of fault files, for `mutants`. */
  readonly faults?: string;
  /** The folder of the histories that have failed, for `fuzz`. */
  readonly regressions?: string;
}

/**
 * Types the default export of `resumeproof.config.ts`, and returns it.
 * @example
 * ```ts
 * import { defineConfig } from 'resumeproof';
 *
 * export default defineConfig({ backend: 'wasm', reporter: ['junit=junit.xml'] });
 * ```
 */
export const defineConfig = (config: Config): Config => config;
