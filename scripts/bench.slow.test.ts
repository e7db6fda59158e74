import path from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { python } from '../harness/cli/testing/python.ts';
import { hasRedis } from '../harness/queue/testing/redis.ts';
import type { HostileCost } from './bench/hostile.ts';

const bench = path.join(import.meta.dirname, 'bench.ts');
const run = (...args: string[]) =>
  execa(process.execPath, ['--no-warnings', bench, ...args], { reject: false, stdin: 'ignore' });

test('each section of the bench measures something with --least', async () => {
  const { exitCode, stdout } = await run('--least', '--json');
  const measured = JSON.parse(stdout);
  const { probe, short, backends, fused, checkpoint, judge, gate, mutants, healthy, damages, hostile } =
    measured;
  const { fuzz, pytorch, queue, report, unet } = measured;
  expect(exitCode, stdout).toBe(0);
  expect(probe.wasm.step.ratio).toBeGreaterThan(0);
  for (const cost of [short.node, short.snapshot, short.without]) expect(cost).toBeGreaterThan(0);
  expect(backends.wasm).toMatchObject({ step: expect.any(Number), bare: expect.any(Number) });
  expect(Object.keys(fused)).toEqual(['fused-backward-pass', 'fused-optimizer-groups']);
  expect(checkpoint.saveMBps).toBeGreaterThan(0);
  expect(judge).toMatchObject({ healthy: { outcome: 'proven' }, faulty: { outcome: 'refuted' } });
  expect(gate).toMatchObject({ passed: true, scenarios: 1 });
  expect(mutants.caught).toBe(mutants.faults);
  expect(mutants.faults).toBeGreaterThan(0);
  expect(fuzz.accumulation).toMatchObject({ histories: 3, proven: 3, failures: [] });
  if (hasRedis)
    for (const [seconds] of [queue.one, queue.two, [queue.waiting]]) expect(seconds).toBeGreaterThan(0);
  else expect(queue.skipped).toEqual(expect.any(String));
  expect(healthy).toMatchObject({ trainers: 2, falseAlarms: [] });
  expect(damages).toMatchObject({ damages: 20, proven: [], thrown: [] });
  for (const [reader, costs] of Object.entries<Record<string, HostileCost>>(hostile)) {
    expect(Object.keys(costs).length, reader).toBeGreaterThan(5);
    for (const cost of Object.values(costs)) expect(cost.peak).toBeGreaterThan(0);
  }
  expect(hostile.tensors['deep nesting'].says).toMatch(/nested more than 64 deep/);
  expect(python === undefined ? pytorch.skipped : pytorch.proven).toEqual(
    python === undefined ? expect.any(String) : 1,
  );
  for (const cost of Object.values<Record<string, number>>(report))
    for (const figure of ['megabytes', 'nodes', 'paint', 'opening', 'writing'])
      expect(cost[figure]).toBeGreaterThan(0);
  // Has figures only with node-gpu or a hardware GPU.
  expect(unet).not.toHaveProperty('problem');
});

test('an unknown section is refused', async () => {
  const { exitCode, stderr } = await run('prob');
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringMatching(/^bench: expected probe, .*, received 'prob'$/),
  });
});
