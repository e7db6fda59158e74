/** The options of a kill matrix, and its progress callbacks. */
import type { Cell, Matrix, MatrixScenario } from '../judge/matrix/matrix.ts';
import type { LoadedScenario } from './scenario.ts';
import type { ExecuteOptions } from './start.ts';

export interface MutantsOptions extends Pick<ExecuteOptions, 'backend' | 'requireGpu' | 'images' | 'signal'> {
  /** The run's folder. It must not exist yet. */
  readonly folder: string;
  /** Concurrent processes. */
  readonly jobs: number;
  /** Try each fault on this many of the scenarios it applies to; on all if undefined. */
  readonly sample: number | undefined;
  /** Whether a fault that applies to no scenario fails the run. */
  readonly allApply: boolean;
  /** Scenarios that are not tried; none by default. */
  readonly leftOut?: Matrix['leftOut'];
  /** Keep the traces of all cells, not only of missed ones. */
  readonly keep: boolean;
  /** The command that runs a cell again, or without a fault its scenario. */
  readonly replay: (scenario: LoadedScenario, fault?: string) => string;
  readonly onScenario?: (scenario: MatrixScenario, applicable: number) => void;
  /** Called with the number of cells before the first one, and again when a sample needs one more. */
  readonly onCells?: (total: number) => void;
  readonly onCell?: (fault: string, cell: Cell) => void;
}
