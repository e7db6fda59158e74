/** `resumeproof worker`: does cases that other machines hand out. */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { Command, Option } from 'commander';
import { type Part, work } from '../queue/work.ts';
import { fitting } from '../run/join.ts';
import { EXIT, onInterrupt, say } from './exit.ts';
import { absolute, positive, scenariosOption } from './options.ts';
import { addressOf, redisOption } from './redis.ts';

interface Options {
  readonly redis: string;
  readonly jobs: number;
  readonly scenarios: string;
  readonly faults?: string;
  readonly images?: string;
}

export function workerCommand(): Command {
  return new Command('worker')
    .description(
      'Does the cases that mutants --redis and fuzz --redis hand out, until it is stopped. It needs the same files as the machine that hands them out.',
    )
    .addOption(redisOption('server of the queue').makeOptionMandatory())
    .addOption(
      new Option('--jobs <n>', 'concurrent processes')
        .default(availableParallelism(), 'one per core')
        .argParser(positive),
    )
    .addOption(scenariosOption())
    .option('--faults <dir>', 'folder of fault files; this package’s own by default', absolute)
    .option('--images <dir>', 'folder of images, where a run trains on one', absolute)
    .addHelpText('after', '\nExample:\n  resumeproof worker --redis redis://192.0.2.7:6379 --jobs 4')
    .action(async (options: Options) => {
      process.exitCode = await run(options);
    });
}

async function run({ redis, jobs, ...own }: Options): Promise<number> {
  const url = addressOf(redis);
  const signal = onInterrupt();
  await work({
    url,
    jobs,
    signal,
    say,
    async join(offered, over) {
      const fit = await fitting(offered, { faults: undefined, images: undefined, ...own });
      const folder = await mkdtemp(path.join(tmpdir(), 'resumeproof-worker-'));
      const running = { jobs, images: own.images, folder, signal: over };
      // Imported only here, because they load slowly.
      const part: Part =
        fit.offer.command === 'mutants'
          ? (await import('../run/matrix-part.ts')).matrixPart(fit, running)
          : (await import('../fuzz/history-part.ts')).historyPart(fit, running);
      say(`${fit.offer.command} of ${fit.scenarios.map(({ name }) => name).join(', ')}`);
      return {
        do: part.do,
        async end() {
          await part.end();
          await rm(folder, { recursive: true, force: true });
        },
      };
    },
  });
  return EXIT.interrupted;
}
