/** The healthy run of a scenario, against which every fault in it is judged. */
import path from 'node:path';
import type { LimitFunction } from 'p-limit';
import { collectEvidence } from '../judge/collect.ts';
import { firstResumes } from '../judge/cut.ts';
import { type Judgement, judge, type Subject, skipped } from '../judge/judge.ts';
import { isChain, planOf } from '../trace/history.ts';
import type { Plan, Trace } from '../trace/schema.ts';
import { executeScenario } from './execute.ts';
import { chosenByAuto, lackedByWasm, onCpuFor } from './fallback.ts';
import type { LoadedFault } from './faults.ts';
import type { HealthyFacts } from './healthy-facts.ts';
import type { Applies } from './job.ts';
import type { MutantsOptions } from './mutants-options.ts';
import type { LoadedScenario } from './scenario.ts';
import { subjectOf } from './subject.ts';

/** A scenario's run without a fault, against which its cells are judged. */
export interface Healthy {
  readonly loaded: LoadedScenario;
  readonly folder: string;
  readonly subject: Subject;
  readonly judgement: Judgement;
  readonly traces: readonly Trace[];
  /** The numbers of first resumes that are proven on their own: a finding in as many is not caused by the cut. */
  readonly provenAfter: ReadonlySet<number>;
  /** By fault file. */
  readonly answers: Readonly<Record<string, Applies>>;
  readonly seconds: number;
  /** On which its cells run too. */
  readonly backend: string;
  readonly caveats: readonly string[];
}

/** On cpu, which has every kernel, where `auto` chose wasm and that lacks one. */
export async function runHealthy(
  loaded: LoadedScenario,
  faults: readonly LoadedFault[],
  limit: LimitFunction,
  options: MutantsOptions,
): Promise<Healthy> {
  const own = await runOnBackend(loaded, faults, limit, options);
  const kernels = options.backend === 'auto' ? lackedByWasm(loaded, own) : undefined;
  if (kernels === undefined || options.signal.aborted) return own;
  const again = await runOnBackend(loaded, faults, limit, { ...options, backend: 'cpu' });
  return {
    ...again,
    judgement: chosenByAuto(again.judgement),
    seconds: own.seconds + again.seconds,
    caveats: [onCpuFor(kernels)],
  };
}

async function runOnBackend(
  loaded: LoadedScenario,
  faults: readonly LoadedFault[],
  limit: LimitFunction,
  options: MutantsOptions,
): Promise<Healthy & { readonly skip: string | undefined }> {
  const start = performance.now();
  const folder = path.join(options.folder, loaded.name);
  let answers: Healthy['answers'] = {};
  const { traces, skip } = await executeScenario(loaded, {
    ...options,
    folder: path.join(folder, 'healthy'),
    limit,
    // The cold run separates what was lost from what was changed.
    cold: true,
    ask: faults.map(({ file }) => file),
    onProgress: (_part, progress) => {
      if (progress.kind === 'applies') answers = progress.answers;
    },
  });
  const { scenario, history } = loaded;
  const plan = planOf(history);
  const subject = subjectOf(loaded, options.replay(loaded));
  // A trainer whose scenario does not ask for a cold start need not support one.
  const usable = traces.filter(
    ({ run, end }) => run?.role !== 'cold' || end !== undefined || scenario.cold === true,
  );
  const judgement =
    skip === undefined
      ? judge(subject, collectEvidence(history, options.backend, usable))
      : skipped(subject, history, skip);
  const provenAfter = new Set(
    // The beginning of any other history need not be one.
    Array.from({ length: isChain(history) ? plan.resumeAt.length - 1 : 0 }, (_, index) => index + 1).filter(
      (resumes) => judgeFirst(subject, plan, options.backend, usable, resumes).outcome === 'proven',
    ),
  );
  const seconds = (performance.now() - start) / 1000;
  return {
    loaded,
    folder,
    subject,
    judgement,
    traces: usable,
    provenAfter,
    answers,
    seconds,
    backend: options.backend,
    caveats: [],
    skip,
  };
}

export function judgeFirst(
  subject: Subject,
  plan: Plan,
  backend: string,
  traces: readonly Trace[],
  resumes: number,
): Judgement {
  const first = firstResumes(plan, traces, resumes);
  return judge(subject, collectEvidence(first.plan, backend, first.traces));
}

export function factsOfHealthy(own: Healthy, faults: readonly LoadedFault[]): HealthyFacts {
  const { loaded, judgement, answers, seconds, caveats } = own;
  const { outcome, headline } = judgement;
  const falseAlarm = outcome !== 'proven' && outcome !== 'skipped';
  return {
    scenario: {
      scenario: loaded.name,
      outcome,
      falseAlarm,
      headline,
      caveats: [...caveats],
      seconds,
      kept: null,
    },
    device: judgement.backend,
    isMeasured: outcome === 'proven' && judgement.noise?.exact === true,
    answers: Object.fromEntries(
      faults.flatMap(({ id, file }) => (answers[file] === undefined ? [] : [[id, answers[file]]])),
    ),
  };
}
