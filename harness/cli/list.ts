/** `resumeproof list`: lists the scenarios or the rules. */
import { Command } from 'commander';
import { RULES } from '../judge/rules/index.ts';
import { enumerate } from '../report/text.ts';
import { inspectScenarios } from '../run/inspect.ts';
import { findScenarios } from '../run/scenario.ts';
import { describeHistory, isChain, planOf } from '../trace/history.ts';
import { jsonOption, scenariosOption } from './options.ts';
import { print, printJson } from './print.ts';
import { grepOption, selected } from './selection.ts';
import { formatTable } from './table.ts';

export function listCommand(): Command {
  return new Command('list')
    .description('Lists the scenarios of a folder and their expected outcomes.')
    .addOption(scenariosOption())
    .addOption(grepOption())
    .option('--rules', 'list the rules instead; a scenario names their ids in `expect`', false)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  resumeproof list --scenarios scenarios')
    .action(async (options: { scenarios: string; grep?: string; rules: boolean; json: boolean }) => {
      if (options.rules) return listRules(options.json);
      const found =
        options.grep === undefined ? await findScenarios(options.scenarios) : await selected(options, []);
      const loaded = await inspectScenarios(found);
      const rows = loaded.map(({ name, file, scenario, history }) => {
        const { about, expect = 'proven' } = scenario;
        const plan = planOf(history);
        return { name, about, expect, plan, ...(isChain(history) ? {} : { history }), file };
      });
      if (options.json) return printJson({ scenarios: rows });
      if (rows.length === 0) print(`no scenario file in ${options.scenarios}\n`);
      for (const { name, about, expect, plan, history } of rows) {
        const resumes =
          history === undefined
            ? `${plan.steps} steps, resumed after ${enumerate(plan.resumeAt)}`
            : `${plan.steps} steps: ${describeHistory(history)}`;
        const expected = expect === 'proven' ? 'proven' : `refuted by ${expect.join(', ')}`;
        print(`${name}\n  ${about}\n  ${resumes}; expected: ${expected}\n`);
      }
    });
}

function listRules(json: boolean): void {
  const rules = RULES.map(({ judge: _, ...rule }) => rule);
  if (json) {
    printJson({ rules });
    return;
  }
  const table = formatTable(
    ['Rule', 'Proof', 'Earliest finding', 'Claim about a healthy run'],
    rules.map(({ id, proof, speaks, claim }) => [id, proof, speaks, claim]),
  );
  print(`${table}\n`);
}
