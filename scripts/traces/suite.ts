/** All cases as the files that they are in, and the table that lists them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { BAD, Files } from './bad.ts';
import { GOOD, type GoodCase, type Said } from './good.ts';

export interface Expected {
  /** What the case teaches. */
  readonly teaches: string;
  /** What the reader must say of each file: null, or the line (null for the file as a whole) and the reason. */
  readonly files: Readonly<Record<string, { readonly line: number | null; readonly reason: string } | null>>;
  /** The history that the traces are judged by; the one that they tell, by default. */
  readonly history?: unknown;
  readonly verdict: Said;
}

export interface Written {
  /** `good/smallest` */
  readonly folder: string;
  readonly texts: Readonly<Record<string, string>>;
  readonly expected: Expected;
}

const root = path.join(import.meta.dirname, '..', '..');
const lines = (records: readonly unknown[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');

/** The example of docs/trace.md. */
function smallest(): Written {
  const page = readFileSync(path.join(root, 'docs', 'trace.md'), 'utf8');
  const blocks = [...page.matchAll(/^```jsonl\n(\{"kind":"run"[\s\S]*?)^```$/gm)].map(([, text]) => text!);
  const texts = Object.fromEntries(
    blocks.map((text) => [`${(JSON.parse(text.split('\n')[0]!) as { id: string }).id}.jsonl`, text]),
  );
  const teaches =
    'The example of docs/trace.md: one parameter, two steps, and no more than the judge requires.';
  const verdict: Said = { outcome: 'proven', rules: [], headline: 'Resumed once: indistinguishable' };
  return { folder: 'good/smallest', texts, expected: { teaches, files: withoutDefects(texts), verdict } };
}

const withoutDefects = (texts: object): Expected['files'] =>
  Object.fromEntries(Object.keys(texts).map((file) => [file, null]));

function good({ name, teaches, traces, defects = {}, outcome, rules, headline }: GoodCase): Written {
  const texts = Object.fromEntries(Object.entries(traces).map(([file, own]) => [file, lines(own)]));
  const files = { ...withoutDefects(texts), ...defects };
  return {
    folder: `good/${name}`,
    texts,
    expected: { teaches, files, verdict: { outcome, rules, headline } },
  };
}

/** Every case, the good ones first. */
export function suite(): Written[] {
  const goods = [smallest(), ...GOOD.map(good)];
  const textsOf = (name: string) => goods.find(({ folder }) => folder === `good/${name}`)!.texts;
  return [
    ...goods,
    ...BAD.map(
      ({ name, teaches, of = 'smallest', damage, defect, history, outcome, rules, headline }): Written => {
        const files = new Files(textsOf(of));
        damage(files);
        const texts = Object.fromEntries(
          Object.entries(files.lines).map(([file, own]) => [file, own.map((line) => `${line}\n`).join('')]),
        );
        const said = withoutDefects(texts);
        const [file, line = null, reason] = defect ?? [];
        return {
          folder: `bad/${name}`,
          texts,
          expected: {
            teaches,
            files: reason === undefined ? said : { ...said, [`${file}.jsonl`]: { line, reason } },
            ...(history === undefined ? {} : { history }),
            verdict: { outcome, rules, headline },
          },
        };
      },
    ),
  ];
}

/** The files of a case, by name. */
export const filesOf = ({ texts, expected }: Written): Record<string, string> => ({
  ...texts,
  'expected.json': `${JSON.stringify(expected, null, 2)}\n`,
});

const PART =
  /(<!-- (good|bad) cases: written by node scripts\/start\.mjs scripts\/traces\.ts -->\n)[\s\S]*?(<!-- end of the cases -->)/g;

/** The page with a table of all cases. */
export const withTable = (page: string, cases: readonly Written[]): string =>
  page.replace(PART, (_, begin: string, kind: string, end: string) => {
    const own = cases.filter(({ folder }) => folder.startsWith(`${kind}/`));
    const rows = own.map(({ folder, expected: { teaches, files, verdict } }) => {
      const reasons = Object.entries(files).flatMap(([file, said]) =>
        said === null
          ? []
          : [`\`${file}\`${said.line === null ? '' : `, line ${said.line}`}: ${said.reason}`],
      );
      const rules = verdict.rules.slice(0, 1).map((rule) => `\`${rule}\``);
      const last = kind === 'good' ? [verdict.outcome, ...rules].join(': ') : (reasons[0] ?? rules.join());
      return [`[${folder.slice(kind.length + 1)}](${folder})`, teaches, last.replaceAll('__', '\\_\\_')];
    });
    const head =
      kind === 'good' ? ['case', 'what it teaches', 'verdict'] : ['case', 'what is wrong', 'found'];
    return [begin, ...tableOf([head, ...rows]), '', end].join('\n');
  });

/** Padded, as the formatter does. */
function tableOf(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const padded = rows.map((row) => line(row.map((cell, at) => cell.padEnd(widths[at]!))));
  return padded.toSpliced(1, 0, line(widths.map((width) => '-'.repeat(width))));
}
