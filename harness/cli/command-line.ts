/** The command line. Each command has its own file, which parses options, calls the code and prints the result. */

import { Command, CommanderError } from 'commander';
import { VERSION } from '../run/version.ts';
import { approveCommand } from './approve.ts';
import { completionCommand } from './completion.ts';
import { applyConfig } from './config.ts';
import { doctorCommand } from './doctor.ts';
import { execCommand } from './exec.ts';
import { EXIT, fail, watchOutput } from './exit.ts';
import { explainCommand } from './explain.ts';
import { fuzzCommand } from './fuzz.ts';
import { initCommand } from './init.ts';
import { judgeCommand } from './judge.ts';
import { listCommand } from './list.ts';
import { mergeCommand } from './merge.ts';
import { mutantsCommand } from './mutants.ts';
import { print, printError } from './print.ts';
import { reviewCommand } from './review.ts';
import { runCommand } from './run.ts';
import { showCommand } from './show.ts';
import { workerCommand } from './worker.ts';

watchOutput();

const program = new Command('resumeproof')
  .description('Proves that resuming a training run really trains.')
  .version(VERSION)
  // After the program of `exec`, all options are the program's.
  .enablePositionalOptions()
  .hook('preAction', (_, command) => applyConfig(command))
  .addCommand(initCommand())
  .addCommand(runCommand())
  .addCommand(execCommand())
  .addCommand(judgeCommand())
  .addCommand(showCommand())
  .addCommand(listCommand())
  .addCommand(explainCommand())
  .addCommand(doctorCommand())
  .addCommand(fuzzCommand())
  .addCommand(mutantsCommand())
  .addCommand(mergeCommand())
  .addCommand(reviewCommand())
  .addCommand(approveCommand())
  .addCommand(completionCommand())
  .addCommand(workerCommand())
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
