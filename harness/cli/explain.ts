/** `resumeproof explain`: what a rule or a cause that a verdict names means, and how to fix what it finds. */
import { Command } from 'commander';
import { CAUSES } from '../judge/causes/index.ts';
import { EXPLANATIONS } from '../judge/explanations.ts';
import { RULES } from '../judge/rules/index.ts';
import { near } from '../run/near.ts';
import { UsageError } from '../run/usage-error.ts';
import { wrapped } from './layout.ts';
import { jsonOption } from './options.ts';
import { print, printJson } from './print.ts';
import { formatTable } from './table.ts';
import { columnsOf } from './terminal.ts';

export function explainCommand(): Command {
  return new Command('explain')
    .description('Explains a rule or a cause that a verdict names, or lists all of them.')
    .argument('[name]', 'the rule or the cause')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  resumeproof explain slots-not-restored')
    .action((name: string | undefined, { json }: { json: boolean }) => {
      const found = name === undefined ? ALL : named(name);
      if (json) printJson(found);
      else print(`${name === undefined ? tables() : sections(found)}\n`);
    });
}

const rules = RULES.map(({ id, proof, claim, reads, speaks }) => ({
  id,
  proof,
  claim,
  reads,
  earliest: speaks,
  ...EXPLANATIONS[id]!,
  causes: CAUSES.filter(({ heads }) => heads.includes(id)).map((cause) => cause.id),
}));
const causes = CAUSES.map(({ id, means, fix, heads }) => ({ id, means, fix: fix ?? null, rules: heads }));

interface Found {
  readonly rules: typeof rules;
  readonly causes: typeof causes;
}

const ALL: Found = { rules, causes };

/** A rule and a cause may have the same name. */
function named(name: string): Found {
  const isIt = ({ id }: { readonly id: string }): boolean => id === name;
  const found = { rules: rules.filter(isIt), causes: causes.filter(isIt) };
  if (found.rules.length + found.causes.length > 0) return found;
  const likely = near(
    name,
    [...rules, ...causes].map(({ id }) => id),
  );
  const hint =
    likely.length === 0
      ? 'resumeproof explain, without a name, lists them'
      : `did you mean ${[...new Set(likely)].join(' or ')}?`;
  throw new UsageError(`no rule or cause is called '${name}'; ${hint}`);
}

const tables = (): string =>
  [
    formatTable(
      ['Rule', 'Claim about a healthy run'],
      rules.map(({ id, claim }) => [id, claim]),
    ),
    '',
    formatTable(
      ['Cause', 'Meaning'],
      causes.map(({ id, means }) => [id, means]),
    ),
  ].join('\n');

function sections(found: Found): string {
  const columns = columnsOf(process.stdout);
  const text = (line: string, indent = '  '): string[] => wrapped(line, columns, indent);
  const list = (heading: string, items: readonly string[]): string[] =>
    items.length === 0
      ? []
      : ['', `  ${heading}:`, ...items.flatMap((item) => wrapped(item, columns, '  - ', '    '))];
  const parts = [
    ...found.rules.map(({ id, proof, claim, reads, earliest, example, likelyCauses, fixes, causes: own }) => [
      `${id}: a rule of ${proof === 'run' ? 'the evidence itself' : `the proof ${proof}`}`,
      '',
      ...text(claim),
      ...text(`It reads ${reads}. Earliest finding: ${earliest}.`),
      '',
      '  For example:',
      ...text(example.sentence, '    '),
      ...text(`Expected: ${example.expected}`, '    '),
      ...text(`Seen: ${example.seen}`, '    '),
      ...list('Likely causes', likelyCauses),
      ...list('How to fix', fixes),
      ...list('Causes that a verdict may name with it', own),
    ]),
    ...found.causes.map(({ id, means, fix, rules: own }) => [
      `${id}: a cause`,
      '',
      ...text(means),
      ...list('How to fix', fix === null ? [] : [fix]),
      ...list('Its findings are headed by', own),
    ]),
  ];
  return parts.map((lines) => lines.join('\n')).join('\n\n');
}
