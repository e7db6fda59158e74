/** Sets options from the config file. */
import { type Command, InvalidArgumentError } from 'commander';
import { readConfig } from '../run/config-file.ts';
import { UsageError } from '../run/usage-error.ts';

/** What options of these names are not: there they mean something else. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  // It takes several, and reports on all.
  doctor: ['backend'],
  // A program may need the whole machine.
  exec: ['jobs'],
};

/**
 * Sets what the command line does not. Keys that the command has no option for are another command's.
 * @throws {UsageError} when the file is wrong
 */
export async function applyConfig(command: Command): Promise<void> {
  const own = command.options.filter(
    (option) => !(OTHERS[command.name()] ?? []).includes(option.attributeName()),
  );
  const read = await readConfig();
  if (read === undefined) return;
  for (const [key, value] of Object.entries(read.config)) {
    const option = own.find((one) => one.attributeName() === key);
    const source = command.getOptionValueSource(key);
    // A variable of the environment names the folder of scenarios for one shell.
    const isOverruled = source === 'cli' || (key === 'scenarios' && process.env.RESUMEPROOF_SCENARIOS);
    if (option === undefined || value === undefined || isOverruled) continue;
    command.setOptionValueWithSource(key, parsed(value, option.parseArg, `${read.file}: ${key}`), 'config');
  }
}

/** As the same words on the command line. */
function parsed(
  value: NonNullable<unknown>,
  parse: ((value: string, before: unknown) => unknown) | undefined,
  where: string,
): unknown {
  if (parse === undefined || typeof value === 'boolean') return value;
  try {
    return Array.isArray(value)
      ? value.reduce((before, one) => parse(one, before), [])
      : parse(String(value), []);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new UsageError(`${where}: ${error.message}`);
    throw error;
  }
}
