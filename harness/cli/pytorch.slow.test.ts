/** Programs of PyTorch, not changed, through `resumeproof run` and `exec`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { gateSchema } from '../judge/verdict.ts';
import { python, startWarmPython } from './testing/python.ts';
import { fixtures, resumeproof } from './testing/start.ts';

const scripts = path.join(fixtures, 'pytorch');
const recorder = path.join(fixtures, '..', 'recorders', 'python');
const env = { OMP_NUM_THREADS: '1' };

/** What is wrong with some scripts of each kind, by the cause that the verdict names. The benchmark runs all of them. */
const BROKEN = {
  accumulation_lost: 'accumulation-lost',
  assign_orphans: 'hooks-on-old-parameters',
  ema_lost: 'ema-built-late',
  fused_accelerate: 'hooks-hold-old-group',
  optimizer_not_restored: 'slots-missing',
} as const;
const HEALTHY = ['healthy', 'noisy'];

/** Asks whether torch is installed before anything imports it, as transformers does. */
const TRAINER = `
from transformers import HfArgumentParser, Trainer, TrainingArguments, set_seed
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = torch.nn.Linear(8, 16), torch.nn.Linear(16, 1)
        self.drop = torch.nn.Dropout(0.1)

    def forward(self, x, labels):
        y = self.b(self.drop(torch.tanh(self.a(x)))).squeeze(-1)
        return {"loss": torch.nn.functional.mse_loss(y, labels), "logits": y}

[args] = HfArgumentParser(TrainingArguments).parse_args_into_dataclasses()
set_seed(args.seed)
x = torch.randn(64, 8)
data = [{"x": row, "labels": row.sum().sin()} for row in x]
trainer = Trainer(model=Net(), args=args, train_dataset=data)
trainer.train(resume_from_checkpoint=args.resume_from_checkpoint)
`;

describe.skipIf(python === undefined)('with torch', () => {
  let scratch: string;
  beforeAll(async () => {
    scratch = await realpath(await mkdtemp(path.join(tmpdir(), 'resumeproof-pytorch-')));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  test('scripts are refuted for their bugs, and proven without them', async () => {
    mkdirSync(path.join(scratch, 'scenarios'));
    const warm = await startWarmPython();
    onTestFinished(() => warm.end());
    const write = (name: string, script: string, flags: readonly string[]) => {
      // One is started as users do.
      const [program, ...words] = name === 'healthy' ? [python!] : warm.words;
      writeFileSync(
        path.join(scratch, 'scenarios', `${name}.js`),
        `export default ${JSON.stringify({
          about: script,
          plan: { steps: 12, resumeAt: 4 },
          command: {
            program,
            args: [
              ...words,
              path.join(scripts, `${script}.py`),
              '--out',
              '{run}',
              '--resume',
              'auto',
              ...flags,
            ],
            env,
          },
        })};\n`,
      );
    };
    for (const name of HEALTHY) write(name, name, []);
    for (const name of Object.keys(BROKEN)) {
      write(name, name, []);
      write(`${name}-fixed`, name, ['--fixed']);
    }
    const { exitCode, stdout, stderr } = await resumeproof(scratch, ['run', '--jobs', '2', '--json']);
    const { report: _, ...gate } = JSON.parse(stdout);
    const verdicts = gateSchema.parse(gate).verdicts;
    const expected = [
      ...HEALTHY.map((name) => [name, 'proven', null]),
      ...Object.entries(BROKEN).flatMap(([name, cause]) => [
        [name, 'refuted', cause],
        [`${name}-fixed`, 'proven', null],
      ]),
    ];
    const seen = verdicts.map(({ scenario, outcome, cause }) => [scenario, outcome, cause]);
    expect(seen.sort(), stderr).toEqual(expected.sort());
    const slots = verdicts
      .flatMap(({ findings }) => findings)
      .find(({ rule }) => rule === 'slots-not-restored');
    expect(slots!.fix).toContain('call `optimizer.load_state_dict` once the optimizer holds');
    expect(exitCode, stderr).toBe(1);
  }, 900_000);

  test('the trainer of Hugging Face is proven by a launcher and the folder of a checkpoint', async () => {
    writeFileSync(path.join(scratch, 'train.py'), TRAINER);
    const args = ['--max_steps', '8', '--save_steps', '2', '--report_to', 'none', '--use_cpu', 'true'];
    const command = [
      python!,
      '-m',
      'accelerate.commands.launch',
      '--cpu',
      '--num_processes',
      '1',
      'train.py',
    ];
    const resume = ['--resume-with', '--resume_from_checkpoint {checkpoint}'];
    const { exitCode, stdout, stderr } = await resumeproof(
      scratch,
      [
        'exec',
        '--steps',
        '7',
        '--resume-at',
        '4',
        ...resume,
        '--json',
        '--',
        ...command,
        '--output_dir',
        '{run}',
        ...args,
      ],
      { env },
    );
    expect(exitCode, stderr).toBe(0);
    const { verdicts } = JSON.parse(stdout);
    expect(verdicts[0]).toMatchObject({
      scenario: 'train',
      outcome: 'proven',
      backend: { name: 'torch-cpu' },
    });
  }, 600_000);

  test.each([
    ['proven', null, 'at the end of an epoch', '8', []],
    // The rest of the epoch has another order: fixtures/pytorch/README.md.
    ['refuted', 'random-changed', 'within an epoch', '4', ['--every', '2']],
  ])(
    'the loop of diffusers is %s (cause: %s) if it is resumed %s',
    async (outcome, cause, _, step, flags) => {
      const options = ['--steps', '12', '--resume-at', step, '--json'];
      const program = [path.join(scripts, 'healthy_diffusers.py'), '--out', '{run}', '--resume', 'auto'];
      const { stdout, stderr } = await resumeproof(
        scratch,
        ['exec', ...options, '--', python!, ...program, ...flags],
        { env },
      );
      expect(JSON.parse(stdout).verdicts, stderr).toMatchObject([{ outcome, cause }]);
    },
    600_000,
  );

  test('the recorder passes its own tests', () => {
    execFileSync(python!, ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', recorder], { stdio: 'pipe' });
  }, 900_000);
});
