/** What each process of a plan must have recorded. */
import { cutPlan, firstStep, isControl, lastStep } from '../../trace/plan.ts';
import type { Plan, RunRecord, SampleRecord, StateRecord, Trace } from '../../trace/schema.ts';
import type { Said } from './contradiction.ts';

/** What a process left out of what the plan asks of it. One that failed is judged by other rules. */
export function leftOut(trace: Trace, plan: Plan): Said[] {
  const { run } = trace;
  if (run === undefined || trace.defect !== undefined || trace.failure !== undefined) return [];
  return [
    ...planSaid(run, plan),
    ...stepsLeftOut(trace, run, plan),
    ...pointsLeftOut(trace, run, plan),
    ...endLeftOut(trace, run, plan),
  ];
}

function planSaid(run: RunRecord, plan: Plan): Said[] {
  const most = run.plan.resumeAt.length;
  const said: Said[] = [];
  if (JSON.stringify(cutPlan(run.plan, plan.steps)) !== JSON.stringify(plan)) {
    const text = ({ steps, resumeAt }: Plan) => `${steps} steps, resumed after ${resumeAt.join(', ')}`;
    said.push({
      what: 'follows another plan',
      step: null,
      expected: text(plan),
      seen: text(run.plan),
    });
  }
  if (run.role === 'after' && (run.segment < 1 || run.segment > most)) {
    said.push({
      what: `is of resume ${run.segment}, which the plan does not have`,
      step: null,
      expected: `resume 1 to ${most}`,
      seen: `resume ${run.segment}`,
    });
  }
  return said;
}

function stepsLeftOut({ steps }: Trace, run: RunRecord, plan: Plan): Said[] {
  const first = firstStep(run.role, run.segment, run.plan);
  const last = lastStep(run.role, run.segment, plan);
  const end = steps.at(-1)?.step ?? first;
  // A resumed run that ends early is judged by another rule.
  if (run.role === 'after' || run.role === 'cold' || end >= last) return [];
  return [
    {
      what: `ends at step ${end}, before the plan does`,
      step: end,
      expected: `steps ${first + 1} to ${last}`,
      seen: end === first ? 'no step' : `steps ${first + 1} to ${end}`,
    },
  ];
}

/** The points at which every process of a role records its state. */
function pointsOf(run: RunRecord, plan: Plan): { at: readonly StateRecord['at'][]; step: number }[] {
  const last = lastStep(run.role, run.segment, plan);
  const first = firstStep(run.role, run.segment, run.plan);
  if (run.role === 'cold') return [];
  // A run that is judged up to a resume ends there with a save.
  const end: StateRecord['at'][] = isControl(run.role) ? ['end'] : ['end', 'save', 'pass'];
  return [
    { at: first === 0 ? ['start'] : ['resume'], step: first },
    ...(isControl(run.role) ? plan.resumeAt.map((step) => ({ at: ['pass'] as const, step })) : []),
    { at: end, step: last },
  ];
}

function pointsLeftOut(trace: Trace, run: RunRecord, plan: Plan): Said[] {
  const has = (records: readonly (StateRecord | SampleRecord)[], at: readonly string[], step: number) =>
    records.some((record) => record.step === step && at.includes(record.at));
  const wants = run.lacks.includes('samples') ? [] : ['sample'];
  return pointsOf(run, plan).flatMap(({ at, step }): Said[] => {
    if (trace.steps.length > 0 && (trace.steps.at(-1)?.step ?? 0) < step) return [];
    const missing = [
      ...(has(trace.states, at, step) ? [] : ['state']),
      ...wants.filter(() => at[0] !== 'start' && !has(trace.samples, at, step)),
    ];
    return missing.map((what) => ({
      what: `has no ${what} '${at[0]}' of step ${step}`,
      step,
      expected: `a ${what} record`,
      seen: 'none',
    }));
  });
}

function endLeftOut(trace: Trace, run: RunRecord, plan: Plan): Said[] {
  const said: Said[] = [];
  const { process, checkpoints, states } = trace;
  if (process === undefined) {
    said.push({
      what: 'does not say how the process ended',
      step: null,
      expected: 'a process record, written after the process had ended',
      seen: 'none',
    });
  } else if (process.outcome === 'exited' && (process.exitCode !== 0 || process.signal !== null)) {
    said.push({
      what: 'says that the process ended by itself, and that it failed',
      step: null,
      expected: 'exit code 0 and no signal',
      seen: `exit code ${process.exitCode}, signal ${process.signal}`,
    });
  }
  const saved = states.find(({ at }) => at === 'save');
  const saves =
    !isControl(run.role) &&
    run.role !== 'cold' &&
    plan.resumeAt.includes(lastStep(run.role, run.segment, plan));
  const wanted = saves && (run.role === 'before' || run.segment < plan.resumeAt.length);
  if ((saved !== undefined || wanted) && checkpoints.length === 0) {
    said.push({
      what: 'has no checkpoint record, though the run was saved',
      step: lastStep(run.role, run.segment, plan),
      expected: 'a checkpoint record',
      seen: 'none',
    });
  }
  return said;
}
