/** Runs and judges a drawn trainer in this process and leaves no tensor behind. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Judgement } from '../../../harness/judge/judge.ts';
import type { Loop } from '../../../harness/loop/loop.ts';
import { rehearse } from '../../../harness/run/testing/rehearse.ts';
import type { BackendRecord } from '../../../harness/trace/schema.ts';
import { type Healthy, scenarioOf } from './arbitrary.ts';

/** In memory if the system has such a folder: syncing checkpoints to disk takes longer than everything else. */
export function scratchFolder(): Promise<string> {
  const memory = '/dev/shm';
  return mkdtemp(path.join(existsSync(memory) ? memory : tmpdir(), 'resumeproof-healthy-'));
}

/** @param scratch the folder in which it creates and removes its own */
export async function prove(healthy: Healthy, backend: BackendRecord, scratch: string): Promise<Judgement> {
  const folder = await mkdtemp(path.join(scratch, 'trainer-'));
  const { trainer, lacks } = scenarioOf(healthy);
  const loops: Loop[] = [];
  const scenario = {
    lacks: lacks ?? [],
    trainer: async (context: Parameters<typeof trainer>[0]) => {
      const loop = await trainer(context);
      loops.push(loop);
      return loop;
    },
  };
  tf.engine().startScope();
  try {
    return await rehearse({ scenario, plan: healthy.plan, backend, folder, controls: 1, onRun: () => {} });
  } finally {
    for (const loop of loops) dispose(loop);
    tf.disposeVariables();
    // Disposes of the tensors that variables were made from.
    tf.engine().endScope();
    await rm(folder, { recursive: true });
  }
}

function dispose(loop: Loop): void {
  const { slots = [], ema, gradients } = loop.observe();
  tf.dispose([
    ...slots.map(({ tensor }) => tensor),
    ...(ema?.values() ?? []),
    ...(gradients?.values() ?? []),
  ]);
}

/** The only finding allowed for a healthy trainer is that its control does not move after the last resume. */
export function alarmOf({ outcome, findings }: Judgement): 'none' | 'open' | 'false alarm' {
  if (outcome === 'proven') return 'none';
  const open = outcome === 'inconclusive' && findings[0]?.rule === 'control-does-not-train';
  return open ? 'open' : 'false alarm';
}
