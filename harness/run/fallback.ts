/** What wasm lacks of a scenario, for which `auto` then chooses cpu. */
import type { Verdict } from '../judge/verdict.ts';
import { backendsIn } from '../trace/history.ts';
import type { Trace } from '../trace/schema.ts';
import type { LoadedScenario } from './scenario.ts';

/** What a scenario that declares its kernels is skipped for, and what TensorFlow.js throws for one that does not. */
const SKIPPED = /^wasm has no kernel (.+)$/;
const THROWN = /Kernel '(\w+)' not registered for backend 'wasm'/;

/**
 * @param run on the backend that `auto` chose first
 * @returns names of kernels, as a list in words; undefined if it is not this that stopped the scenario
 */
export function lackedByWasm(
  { history, scenario }: Pick<LoadedScenario, 'history' | 'scenario'>,
  { traces, skip }: { readonly traces: readonly Trace[]; readonly skip?: string | undefined },
): string | undefined {
  // A process that the plan puts on wasm would lack it again.
  if (scenario.command !== undefined || backendsIn(history).includes('wasm')) return undefined;
  const [, declared] = SKIPPED.exec(skip ?? '') ?? [];
  if (declared !== undefined) return declared;
  for (const { failure } of traces) {
    const [, kernel] = THROWN.exec(failure?.message ?? '') ?? [];
    if (kernel !== undefined) return kernel;
  }
  return undefined;
}

/** What is said of a scenario for which `auto` chose cpu. */
export const onCpuFor = (kernels: string): string => `Run on cpu, because wasm has no kernel ${kernels}.`;

/** The judgement of a run on cpu as that of `auto`. */
export const chosenByAuto = <Own extends Pick<Verdict, 'backend'>>(judgement: Own): Own => ({
  ...judgement,
  backend: judgement.backend === null ? null : { ...judgement.backend, requested: 'auto' },
});
