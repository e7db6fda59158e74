import { readFileSync, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { damagesOf, traceOf, linesOf, type Process } from './harness/judge/testing/damages.ts';
import { collectEvidence } from './harness/judge/collect.ts';
import { judge } from './harness/judge/judge.ts';
import { healthyTraces } from './harness/judge/testing/traces.ts';
const [what, runs, seed] = process.argv.slice(2);
let sets: [string, Process[]][] = [];
if (what === 'synthetic') sets = [['exact', healthyTraces().all.map(t => ({ file: t.file, lines: linesOf(t as never) }))], ['noisy', healthyTraces({noisy: true}).all.map(t => ({ file: t.file, lines: linesOf(t as never) }))],['two', healthyTraces({plan:{steps:9,resumeAt:[3,6]}}).all.map(t => ({ file: t.file, lines: linesOf(t as never) }))],['dev', healthyTraces({deviates:['data-order', 'step-count', 'random', 'slots', 'precision']}).all.map(t => ({ file: t.file, lines: linesOf(t as never) }))]];
else for (const s of readdirSync(what!)) {
  const f = path.join(what!, s); 
  if (!existsSync(path.join(f, 'control'))) continue;
  const ps = readdirSync(f).filter(r => existsSync(path.join(f, r, 'trace.jsonl'))).map(r => ({ file: path.join(f, r, 'trace.jsonl'), lines: readFileSync(path.join(f, r, 'trace.jsonl'), 'utf8').split('\n').filter(Boolean).map(l => JSON.parse(l)) }));
  sets.push([s, ps]);
}
const tally = new Map<string, number>(); let n = 0, errors = new Map<string, number>();
const t0 = performance.now();
for (const [name, ps] of sets) {
  const run = (ps[0]!.lines[0] as any);
  const plan = (ps.find(p => (p.lines[0] as any).role === 'control')!.lines[0] as any).plan;
  const cache = new Map(ps.map(p => [p.lines, traceOf(p)]));
  const verdict = (q: readonly Process[]) => judge({ scenario: 's', about: '', expect: 'proven', replay: '' }, collectEvidence(plan, run.backend.requested, q.map(p => { const t = cache.get(p.lines as never) ; return t && t.file === p.file ? t : traceOf(p); })));
  const v = verdict(ps); if (v.outcome !== 'proven') { if (process.env.V) console.log(name, v.outcome, v.headline); continue; }
  for (const d of fc.sample(damagesOf(ps), { numRuns: Number(runs), seed: Number(seed ?? 1) })) {
    n++;
    try { if (verdict(d.processes).outcome === 'proven') { const k = (process.env.V ? name + ' ' : '') + d.what.replace(/\.\d+(?=[. ])/g, '.#').replace(/^(\w+)-\d/, '$1-n'); tally.set(k, (tally.get(k) ?? 0) + 1); } }
    catch (e) { const k = d.what + ' ' + (e as Error).stack!.split('\n').slice(0,3).join(' '); errors.set(k, (errors.get(k) ?? 0) + 1); }
  }
}
console.log(n, 'damages', [...tally.values()].reduce((a, b) => a + b, 0), 'proven', ((performance.now()-t0)/1000).toFixed(1), 's');
for (const [k, c] of [...errors].slice(0, 10)) console.log('ERROR', c, k);
for (const [k, c] of [...tally].sort((a, b) => b[1] - a[1])) console.log(c, k);
