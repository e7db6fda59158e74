import path from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { tmpdir } from 'node:os';
const ROOT = process.env.ROOT ?? '/work/main';
const h = (f: string) => import(path.join(ROOT, 'harness', f));
const { collectEvidence } = await h('judge/evidence.ts');
const { judge } = await h('judge/judge.ts');
const { createProbe } = await h('probe/probe.ts');
const { readTrace } = await h('trace/read.ts');
const { createTrace } = await h('trace/write.ts');
const { stepsOf } = await h('run/job.ts');
const { loadScenario, findScenarios } = await h('run/scenario.ts');
const { openBackend } = await h('backend/backend.ts');
const tf = await import(path.join(ROOT, 'node_modules/@tensorflow/tfjs-core/dist/tf-core.node.js')).catch(() => undefined);
const [scenGlob = '*', faultGlob = '*'] = process.argv.slice(2);
const backend = await openBackend('wasm');
const re = (g: string) => new RegExp(`^(${g.split(',').map((x) => x.replaceAll('*', '.*')).join('|')})$`);
const tmp = await mkdtemp(path.join(tmpdir(), 'matrix-'));
const DEFAULT = ['warmup-at-zero','schedule-to-zero','loss-scaling','frozen-layers','lora','sparse-embedding','dead-relu','converged-weights','accumulation-each-phase','several-resumes','stochastic-layers','master-weights','shuffle-buffer','after-the-last-step','tied-weights','weight-decay-groups','small-backward-pass','small-optimizer-groups','gan'];
const all = await findScenarios(path.join(ROOT, 'scenarios'));
const faults = globSync(path.join(ROOT, 'harness/faults/*/*.ts')).filter((f) => re(faultGlob).test(path.basename(f, '.ts'))).sort();
const loadedFaults = await Promise.all(faults.map(async (f) => (await import(f)).default));
async function runOne(loaded: any, trainerOf: any, role: string, segment: number, folder: string, ckDir: string) {
  const { scenario, plan } = loaded;
  const file = path.join(folder, `${role}-${segment}`, 'trace.jsonl');
  const trace = createTrace(file);
  trace.write({ kind: 'run', format: 1, scenario: loaded.name, role, segment, plan, seed: 0, lacks: [...(scenario.lacks ?? [])], backend: backend.record, process: { pid: 1, node: 'v', platform: 'p' } });
  const [first, last] = stepsOf({ role, segment, plan });
  let step = first; let trainer: any;
  try {
    const ck = (i: number) => path.join(ckDir, `checkpoint-${i}`);
    trainer = await trainerOf({ role, seed: 0, plan, images: undefined, checkpoint: role === 'after' ? ck(segment - 1) : role === 'cold' ? ck(0) : undefined, weightsOnly: role === 'cold' });
    const probe = createProbe(trainer, path.dirname(file), trace.write);
    const record = async (at: string, s: number) => { await probe.sample(at, s); await probe.state(at, s); };
    if (first === 0) await probe.state('start', 0); else await record('resume', first);
    for (step = first + 1; step <= last; step++) {
      const r = await probe.step(step);
      if (!Number.isFinite(r.claimed.loss)) throw Object.assign(new Error(`the loss is ${r.claimed.loss}`), { code: 'non-finite' });
      const passes = step !== last || role === 'control';
      if (passes && plan.resumeAt.includes(step)) await record('pass', step);
    }
    step = last;
    const saves = role === 'before' || (role === 'after' && segment < plan.resumeAt.length);
    await record(saves ? 'save' : 'end', last);
    if (saves) await trainer.save(ck(role === 'before' ? 0 : segment));
    trace.write({ kind: 'end', step: last, seconds: { startup: 0, training: 0, probing: 0, sampling: 0 } });
  } catch (e: any) {
    trace.write({ kind: 'failure', code: e.code === 'non-finite' ? 'non-finite' : e.name === 'CheckpointError' ? 'resume-refused' : 'error', step, message: e.message });
    if (process.env.STACK) console.log(e.stack);
  }
  trace.close();
  const t = await readTrace(file);
  return { trace: t, trainer };
}
const strip = (t: any) => JSON.stringify({ ...t, file: 0, process: 0, run: 0, steps: t.steps.map((s: any) => ({ ...s, seconds: 0 })), end: 0, checkpoints: 0 });
const totals: Record<string, number> = {};
const seenFaults = new Map<string, string[]>();
for (const [name, file] of all) {
  if (scenGlob === '*' ? !DEFAULT.includes(name) : !re(scenGlob).test(name)) continue;
  const loaded = await loadScenario(name, file);
  const folder = path.join(tmp, name);
  const base = path.join(folder, 'healthy');
  const control = await runOne(loaded, loaded.scenario.trainer, 'control', 0, base, base);
  const before = await runOne(loaded, loaded.scenario.trainer, 'before', 0, base, base);
  const cold = await runOne(loaded, loaded.scenario.trainer, 'cold', 1, base, base);
  const afters = [];
  for (let s = 1; s <= loaded.plan.resumeAt.length; s++) afters.push(await runOne(loaded, loaded.scenario.trainer, 'after', s, base, base));
  const subject = { scenario: name, about: '', expect: 'proven', replay: '' };
  const verdict = judge(subject, collectEvidence(loaded.plan, 'wasm', [control.trace, before.trace, ...afters.map((a) => a.trace), cold.trace]));
  console.log(`== ${name}: ${verdict.outcome} ${verdict.findings.map((f: any) => f.rule)}`);
  for (const fault of loadedFaults) {
    if (!fault.applies(control.trainer)) continue;
    const build = fault.inject(loaded.scenario.trainer);
    const dir = path.join(folder, fault.id);
    const b = await runOne(loaded, build, 'before', 0, dir, dir);
    const as: any[] = [];
    for (let s = 1; s <= loaded.plan.resumeAt.length; s++) { const a = await runOne(loaded, build, 'after', s, dir, dir); as.push(a); if (a.trace.end === undefined) break; }
    const v = judge(subject, collectEvidence(loaded.plan, 'wasm', [control.trace, b.trace, ...as.map((a) => a.trace), cold.trace]));
    const same = as.length === afters.length && as.every((a, i) => strip(a.trace) === strip(afters[i].trace));
    const head = v.findings[0];
    const ok = v.outcome === 'refuted' && fault.proofs.every((p: string) => v.proofs[p] === 'refuted');
    const headRight = [fault.rule].flat().includes(head?.rule) && (v.cause === undefined || [fault.cause].flat().includes(v.cause));
    const res = same && v.outcome === 'proven' ? 'equivalent' : !ok ? 'MISSED' : headRight ? 'ok' : 'HEAD';
    totals[res] = (totals[res] ?? 0) + 1;
    seenFaults.set(fault.id, [...(seenFaults.get(fault.id) ?? []), res]);
    if (res === 'MISSED' || res === 'HEAD' || process.env.ALL) console.log(`  ${res} ${fault.id}: ${v.outcome} proofs ${Object.entries(v.proofs).filter(([, o]) => o !== 'proven').map(([p]) => p)} (want ${fault.proofs}); cause ${v.cause} (want ${fault.cause}); head ${head?.rule} (want ${fault.rule})\n      ${v.headline}${process.env.RULES ? `\n      ${v.findings.map((f: any) => f.rule)}` : ''}`);
    await rm(dir, { recursive: true, force: true });
  }
}
console.log(totals, 'faults seen', seenFaults.size, 'of', loadedFaults.length);
for (const fault of loadedFaults) { const r = seenFaults.get(fault.id); if (!r || r.every((x) => x === 'equivalent')) console.log('  never matters:', fault.id, r?.length ?? 0); }
await rm(tmp, { recursive: true, force: true });
process.exit();
