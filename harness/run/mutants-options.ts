/** How a kill matrix is made, and where its progress is told. */
import type { Cell, MatrixScenario } from '../judge/matrix/matrix.ts';
import type { LoadedScenario } from './scenario.ts';
import type { ExecuteOptions } from './start.ts';

export interface MutantsOptions extends Pick<ExecuteOptions, 'backend' | 'requireGpu' | 'images' | 'signal'> {
  /** The run's folder, which must not exist yet. */
  readonly folder: string;
  /** Processes at a time. */
  readonly jobs: number;
  /** Try each fault on as many scenarios as this, in which it can matter; on all if undefined. */
  readonly sample: number | undefined;
  /** Whether a fault that applies to no scenario is red. */
  readonly allApply: boolean;
  /** Keep the traces of all cells, not only of those that were missed. */
  readonly keep: boolean;
  /** The command that runs a cell again, or a scenario where there is no fault. */
  readonly replay: (scenario: LoadedScenario, fault?: string) => string;
  readonly onScenario?: (scenario: MatrixScenario, applicable: number) => void;
  /** Told how many cells there are before the first one, and of a sample again whenever one more has to be tried. */
  readonly onCells?: (total: number) => void;
  readonly onCell?: (fault: string, cell: Cell) => void;
}
