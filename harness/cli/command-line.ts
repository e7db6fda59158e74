/** The command line. Each command has its own file, which parses options, calls the code and prints the result. */

import { Command, CommanderError } from 'commander';
import { VERSION } from '../run/version.ts';
import { applyConfig } from './config.ts';
import { EXIT, fail, watchOutput } from './exit.ts';
import { print, printError } from './print.ts';

/** By name, in the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import('./init.ts')).initCommand(),
  run: async () => (await import('./run.ts')).runCommand(),
  exec: async () => (await import('./exec.ts')).execCommand(),
  judge: async () => (await import('./judge.ts')).judgeCommand(),
  show: async () => (await import('./show.ts')).showCommand(),
  list: async () => (await import('./list.ts')).listCommand(),
  explain: async () => (await import('./explain.ts')).explainCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
  fuzz: async () => (await import('./fuzz.ts')).fuzzCommand(),
  mutants: async () => (await import('./mutants.ts')).mutantsCommand(),
  merge: async () => (await import('./merge.ts')).mergeCommand(),
  review: async () => (await import('./review.ts')).reviewCommand(),
  approve: async () => (await import('./approve.ts')).approveCommand(),
  completion: async () => (await import('./completion.ts')).completionCommand(),
  worker: async () => (await import('./worker.ts')).workerCommand(),
};

/** Each command loads much, so only the one that is asked for is loaded; help and completion tell of all. */
const asked = process.argv[2] ?? '';
const isAlone = asked !== 'completion' && Object.hasOwn(COMMANDS, asked);

watchOutput();

const program = new Command('resumeproof')
  .description('Proves that resuming a training run really trains.')
  .version(VERSION)
  // After the program of `exec`, all options are the program's.
  .enablePositionalOptions()
  .hook('preAction', (_, command) => applyConfig(command))
  .addHelpText(
    'after',
    `
Configuration:
  resumeproof.config.ts, .js or .json in the working folder sets options by their
  names, such as { "backend": "wasm" }. The command line wins.

Exit codes:
  0    everything is as expected
  1    a scenario is not as expected, nothing was proven, a fault was missed or a
       kernel is wrong
  2    wrong usage or configuration
  3    the harness or its environment failed
  130  interrupted

Example:
  resumeproof run --backend wasm`,
  );
for (const name of isAlone ? [asked] : Object.keys(COMMANDS)) program.addCommand(await COMMANDS[name]!());
for (const command of [program, ...program.commands]) {
  command
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .configureOutput({
      writeOut: print,
      writeErr: printError,
      outputError: (text, write) => write(`resumeproof: ${text}`),
    });
}

try {
  await program.parseAsync();
} catch (error) {
  // Commander has already printed its errors. Help and version are not errors.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.passed : EXIT.usage;
  else process.exitCode = fail(error);
}
