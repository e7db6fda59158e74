/** What is known of the healthy run of a scenario, on whatever machine it was done. */
import type { MatrixScenario } from '../judge/matrix/matrix.ts';
import type { Verdict } from '../judge/verdict.ts';
import type { LoadedFault } from './faults.ts';
import type { Applies } from './job.ts';

export interface HealthyFacts {
  readonly scenario: MatrixScenario;
  /** Of the control. */
  readonly device: Verdict['backend'];
  /** The rules are measured only where equal runs give equal bits; elsewhere the noise decides what is found. */
  readonly isMeasured: boolean;
  /** By fault. */
  readonly answers: Readonly<Record<string, Applies>>;
}

/** A fault without an answer counts as applicable; its cell then says why it is missed. */
export const applicableTo = (
  { answers }: Pick<HealthyFacts, 'answers'>,
  faults: readonly LoadedFault[],
): LoadedFault[] => faults.filter(({ id }) => answers[id] !== false && typeof answers[id] !== 'object');
