/**
 * Writes docs/api.md from the docstrings of what the package exports: `node scripts/start.mjs scripts/api.ts`. API
 * Extractor reads the compiled declarations with a TypeScript of its own, since TypeScript 7 has no API for programs.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { writeInferredTypes } from './api/inferred.ts';
import { byTopic, type Topic } from './api/topics.ts';
import { compile } from './lib/compile.ts';

const root = path.dirname(import.meta.dirname);
const cache = path.join(root, '.cache', 'api');
export const PAGE = path.join(root, 'docs', 'api.md');

/** The package's entries: what is imported, and the declarations of the file behind it. */
const ENTRIES = [
  { name: 'resumeproof', file: 'index.d.ts', about: 'What a scenario or a trainer imports.' },
  {
    name: 'resumeproof/judge',
    file: 'judging.d.ts',
    about: 'What a program that judges traces imports. It loads no TensorFlow.',
  },
];

export interface Api {
  /** The page, in Markdown. */
  readonly page: string;
  /** What a reader would miss, one line each: exports without a docstring, types that cannot be named, dead links. */
  readonly problems: readonly string[];
}

/** A node of API Extractor's model, as far as the page needs it. */
interface Item {
  readonly kind: string;
  readonly name?: string;
  readonly docComment?: string;
  readonly excerptTokens?: readonly { readonly text: string }[];
  readonly members?: readonly Item[];
  readonly isOptional?: boolean;
}

/** @throws {Error} when the project does not compile */
export async function describeApi(): Promise<Api> {
  compile('tsconfig.build.json', '--emitDeclarationOnly', '--outDir', cache);
  writeInferredTypes(
    cache,
    ENTRIES.map(({ file }) => path.join(cache, file)),
  );
  const problems: string[] = [];
  const sections = ENTRIES.map(({ name, file, about }) => {
    const items = extract(file, problems).filter((item) => item.name !== undefined);
    const typesOnly = readFileSync(path.join(cache, file), 'utf8');
    for (const item of items) problems.push(...lacking(item, typesOnly).map((what) => `${name}: ${what}`));
    const { topics, unknown } = byTopic(items);
    problems.push(...unknown.map((one) => `${name}: the topics name ${one}, which is not exported`));
    return {
      contents: [`- [\`${name}\`](#${name.replace('/', '')}): ${about}`, ...topics.map(contentsLine)],
      section: [`## \`${name}\``, '', about, '', ...topics.flatMap(topicSection)].join('\n'),
    };
  });
  const head =
    '# API\n\nWritten by `scripts/api.ts` from the docstrings in the source. [Writing a scenario](scenarios.md) shows how the parts go together.\n';
  const contents = `${sections.flatMap((entry) => entry.contents).join('\n')}\n`;
  const page = [head, contents, ...sections.map((entry) => entry.section)].join('\n');
  return { page: formatted(`${page.trimEnd()}\n`), problems: [...new Set(problems)].sort() };
}

/** As Biome, which formats Markdown too, leaves it. */
function formatted(page: string): string {
  const biome = path.join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const args = [biome, 'format', `--stdin-file-path=${PAGE}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    input: page,
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`Biome cannot format the page: ${stderr}`);
  return stdout;
}

const REPORTED = new Set(['ae-forgotten-export', 'ae-unresolved-link']);

function extract(entry: string, problems: string[]): readonly Item[] {
  const model = path.join(cache, `${entry}.api.json`);
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: path.join(root, 'package.json'),
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: path.join(cache, entry),
      apiReport: { enabled: false },
      docModel: { enabled: true, apiJsonFilePath: model, projectFolderUrl: '' },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2024',
            module: 'nodenext',
            strict: true,
            skipLibCheck: true,
            types: ['node', '@webgpu/types'],
          },
          files: [path.join(cache, entry)],
        },
      },
      messages: { extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.Warning } } },
    },
  });
  Extractor.invoke(config, {
    localBuild: true,
    messageCallback(message) {
      message.handled = true;
      if (REPORTED.has(message.messageId)) problems.push(message.text);
    },
  });
  const { members } = JSON.parse(readFileSync(model, 'utf8')) as {
    members: readonly { members: readonly Item[] }[];
  };
  return members[0]!.members;
}

const CALLABLE = new Set(['Function', 'Class']);

/** What an export's docstring lacks. A class that is exported as a type only is not made by a reader: no example. */
function lacking({ kind, name, docComment = '' }: Item, entry: string): string[] {
  const { text, blocks } = parse(docComment);
  if (text === '') return [`${name} has no docstring`];
  const hasExample = blocks.some(({ tag }) => tag === 'example');
  const isType = new RegExp(`export type \\{[^}]*\\b${name}\\b|type ${name}\\b`).test(entry);
  return CALLABLE.has(kind) && !isType && !hasExample ? [`${name} has no @example`] : [];
}

interface Comment {
  readonly text: string;
  readonly blocks: readonly { readonly tag: string; readonly text: string }[];
}

/** A docstring without its frame, cut at its block tags. */
function parse(comment: string): Comment {
  const bare = comment
    .replace(/^\s*\/\*\*|\*\/\s*$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim();
  const [text = '', ...blocks] = bare.split(/^@(?=\w+)/m);
  return {
    text: text.trim(),
    blocks: blocks.map((block) => {
      const [, tag = '', rest = ''] = /^(\w+)\s*([\s\S]*)$/.exec(block) ?? [];
      return { tag, text: rest.trim() };
    }),
  };
}

const signatureOf = ({ excerptTokens = [] }: Item): string =>
  excerptTokens
    .map(({ text }) => text)
    .join('')
    .replace(/^export (declare )?/, '')
    .trim();

/** A name in braces leads to its own section. */
const linked = (text: string): string =>
  text.replaceAll(
    /\{@link ([\w.]+)\}/g,
    (_, name: string) => `[\`${name}\`](#${name.split('.')[0]!.toLowerCase()})`,
  );

const oneLine = (text: string): string => linked(text).replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');

const anchor = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');

const contentsLine = ({ title, items }: Topic<Item>): string =>
  `  - [${title}](#${anchor(title)}): ${items.map(({ name }) => `[${name}](#${anchor(name!)})`).join(', ')}`;

const topicSection = ({ title, items }: Topic<Item>): string[] => [
  `### ${title}`,
  '',
  ...items.flatMap(section),
];

function section(item: Item): string[] {
  const { text, blocks } = parse(item.docComment ?? '');
  const of = (tag: string): string[] =>
    blocks.filter((block) => block.tag === tag).map((block) => block.text);
  const params = of('param').map((param) => {
    const [, name = '', rest = ''] = /^(\S+)\s*(?:-\s*)?([\s\S]*)$/.exec(param) ?? [];
    return `- \`${name}\`: ${oneLine(rest)}`;
  });
  const members = (item.members ?? []).filter(
    ({ kind }) => kind !== 'Constructor' && kind !== 'CallSignature',
  );
  return [
    `#### ${item.name}`,
    '',
    '```ts',
    signatureOf(item),
    '```',
    '',
    ...(text === '' ? [] : [linked(text), '']),
    ...(params.length === 0 ? [] : [...params, '']),
    ...of('returns').map((returned) => `Returns ${oneLine(returned)}\n`),
    ...of('throws').map((thrown) => `Throws ${oneLine(thrown)}\n`),
    ...of('example').map((example) =>
      example.startsWith('```') ? `${example}\n` : `\`\`\`ts\n${example}\n\`\`\`\n`,
    ),
    ...(members.length === 0 ? [] : ['| member | what it is |', '| --- | --- |', ...members.map(row), '']),
  ];
}

function row(member: Item): string {
  const { text, blocks } = parse(member.docComment ?? '');
  const more = blocks.filter(({ tag }) => tag === 'throws').map((block) => `Throws ${block.text}`);
  const signature = signatureOf(member)
    .replace(/^readonly /, '')
    .replace(/;$/, '');
  return `| \`${signature.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')}\` | ${oneLine([text, ...more].join(' '))} |`;
}

if (import.meta.main) {
  const { page, problems } = await describeApi();
  await writeFile(PAGE, page);
  for (const problem of problems) process.stderr.write(`api: ${problem}\n`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
