/** Values that are no numbers where training that never resumed must have some. */
import type { StateRecord, TensorRecord, Trace } from '../../trace/schema.ts';
import { figure } from '../words.ts';
import type { Said } from './contradiction.ts';

/**
 * The first value of a process that is not finite. Gradients that no update used may overflow, as under loss
 * scaling, as long as some step has finite ones. A buffer that never changes may hold infinities, as masks do.
 */
export const firstNotFinite = (trace: Trace): Said | undefined =>
  stateNotFinite(trace) ?? stepNotFinite(trace) ?? sampleNotFinite(trace);

const said = (what: string, step: number, seen: string): Said => ({
  what,
  step,
  expected: 'finite values: NaN that equals NaN proves nothing',
  seen,
});

function stateNotFinite({ states }: Trace): Said | undefined {
  const constant = constantBuffers(states);
  for (const { at, step, tensors } of states) {
    const broken = tensors.find(
      (tensor) =>
        ![tensor.l2, ...(tensor.sketch ?? [])].every(Number.isFinite) &&
        !(tensor.kind === 'buffer' && constant.has(tensor.name)) &&
        tensor.kind !== 'gradient',
    );
    if (broken !== undefined)
      return said(
        `holds ${broken.kind} '${broken.name}' that is not finite in the state '${at}' of step ${step}`,
        step,
        `L2 norm ${figure(broken.l2)}`,
      );
  }
  return undefined;
}

function constantBuffers(states: readonly StateRecord[]): ReadonlySet<string> {
  const bytes = new Map<string, Set<string>>();
  const buffers = (tensors: readonly TensorRecord[]) => tensors.filter(({ kind }) => kind === 'buffer');
  for (const { tensors } of states) {
    for (const { name, digest } of buffers(tensors))
      bytes.set(name, (bytes.get(name) ?? new Set()).add(digest));
  }
  return new Set([...bytes].filter(([, own]) => own.size === 1).map(([name]) => name));
}

/** The first value of a column that is not finite, or −1. Equal columns are one, and are looked at once. */
function finder(): (column: readonly (number | null)[] | undefined) => number {
  const known = new Map<readonly (number | null)[], number>();
  return (column) => {
    if (column === undefined) return -1;
    const before = known.get(column);
    if (before !== undefined) return before;
    let found = -1;
    for (let at = 0; at < column.length && found < 0; at += 1) {
      const value = column[at];
      if (value !== null && !Number.isFinite(value)) found = at;
    }
    known.set(column, found);
    return found;
  };
}

function stepNotFinite({ steps }: Trace): Said | undefined {
  const broken = finder();
  let overflowed: Said | undefined;
  let sound = false;
  for (const step of steps) {
    const { names, l2, updateL2, appliedGradientL2, gradientL2, learningRates } = step;
    for (const [what, column] of [
      ['the L2 norm', l2],
      ['the update', updateL2],
      ['the applied gradient', appliedGradientL2],
      ['the learning rate', learningRates],
    ] as const) {
      const at = broken(column);
      if (at >= 0)
        return said(
          `says that ${what} of '${names[at]}' is not finite in step ${step.step}`,
          step.step,
          figure(column?.[at]),
        );
    }
    const at = broken(gradientL2);
    if (at < 0) sound = true;
    else if (step.changed[at])
      return said(
        `updates '${names[at]}' in step ${step.step} from a gradient that is not finite`,
        step.step,
        figure(gradientL2[at]),
      );
    else
      overflowed ??= said(
        `says that the gradient of '${names[at]}' is not finite in every step`,
        step.step,
        figure(gradientL2[at]),
      );
  }
  return sound ? undefined : overflowed;
}

function sampleNotFinite({ samples }: Trace): Said | undefined {
  for (const sample of samples) {
    if (sample.type === 'text') continue;
    const { name, step, l2 = 0, sketch = [] } = sample;
    if (![l2, ...sketch].every(Number.isFinite))
      return said(`gives sample '${name}' a norm that is not finite`, step, figure(l2));
  }
  return undefined;
}
