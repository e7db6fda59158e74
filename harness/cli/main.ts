#!/usr/bin/env node
/** The command line: one file a command; each parses, calls and prints. */
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { doctorCommand } from './doctor.ts';
import { EXIT, fail, say } from './exit.ts';
import { fuzzCommand } from './fuzz.ts';
import { listCommand } from './list.ts';
import { mutantsCommand } from './mutants.ts';
import { runCommand } from './run.ts';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

const program = new Command('resumeproof')
  .description('Proves that resuming a training run really trains.')
  .version(version)
  .addCommand(runCommand())
  .addCommand(listCommand())
  .addCommand(doctorCommand())
  .addCommand(fuzzCommand())
  .addCommand(mutantsCommand())
  .addHelpText(
    'after',
    `
Exit codes: 0 all is as expected; 1 something is not, or nothing was proven, a fault missed, a kernel wrong;
2 wrong usage or configuration; 3 the harness or its environment failed; 130 interrupted.

Example:
  resumeproof run --backend wasm`,
  );
for (const command of [program, ...program.commands]) {
  command
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .configureOutput({ outputError: (text, write) => write(`resumeproof: ${text}`) });
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  say(
    `Node 22.18 is needed, and this is ${process.version}; to bring it into this project: npm install --save-dev node@22`,
  );
  process.exit(EXIT.environment);
}

try {
  await program.parseAsync();
} catch (error) {
  // Commander has printed its own errors; help and version are no errors.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.passed : EXIT.usage;
  else process.exitCode = fail(error);
}
