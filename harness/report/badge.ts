/** The gate as a badge, in the form that shields.io reads from an address. */
import type { Gate } from '../judge/verdict.ts';
import { isGreen } from './summary.ts';

/** https://shields.io/badges/endpoint-badge */
export interface Badge {
  readonly schemaVersion: 1;
  readonly label: string;
  readonly message: string;
  readonly color: 'brightgreen' | 'red';
}

/** `48 proven` in green, or `2 of 48 failed` in red. */
export function badge(gate: Gate): Badge {
  const { verdicts } = gate;
  const base = { schemaVersion: 1, label: 'resume' } as const;
  const failed = verdicts.filter(({ asExpected }) => !asExpected).length;
  if (!isGreen(gate))
    return {
      ...base,
      message: failed === 0 ? 'failed' : `${failed} of ${verdicts.length} failed`,
      color: 'red',
    };
  const proven = verdicts.filter(({ outcome }) => outcome === 'proven').length;
  return { ...base, message: proven === 0 ? 'as expected' : `${proven} proven`, color: 'brightgreen' };
}
