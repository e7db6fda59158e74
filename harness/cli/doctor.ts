/** `resumeproof doctor`: what each backend finds on this machine, and how to get what is missing. */
import Table from 'cli-table3';
import { Command } from 'commander';
import { type BackendReport, probeBackends } from '../backend/probe.ts';
import { EXIT } from './exit.ts';
import { jsonOption, printJson } from './options.ts';
import { TABLE } from './table.ts';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'Opens every backend in a process of its own, trains one step on it and tells what was found.',
    )
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  resumeproof doctor')
    .action(async ({ json }: { json: boolean }) => {
      const backends = await probeBackends();
      if (json)
        printJson({ node: process.version, platform: `${process.platform} ${process.arch}`, backends });
      else print(backends);
      if (!backends.some(({ usable }) => usable)) process.exitCode = EXIT.environment;
    });
}

function print(backends: readonly BackendReport[]): void {
  const table = new Table({
    ...TABLE,
    head: ['Backend', 'Usable', 'Hardware GPU', 'Device and driver', 'Start'],
  });
  for (const { name, usable, hardware, device, driver, milliseconds } of backends) {
    const found = [device, driver].filter((part) => part !== null).join('; ') || '–';
    table.push([
      name,
      usable ? 'yes' : 'no',
      hardware ? 'yes' : 'no',
      found,
      usable ? `${milliseconds} ms` : '–',
    ]);
  }
  process.stdout.write(`${table.toString()}\n`);
  for (const { name, problem, remedy } of backends) {
    if (problem !== null)
      process.stdout.write(`\n${name}: ${problem}${remedy === null ? '' : `\n  to get it: ${remedy}`}\n`);
  }
}
