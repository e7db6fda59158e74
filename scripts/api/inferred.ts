/**
 * Writes out types that are inferred from a value, such as `z.output<typeof schema>`, in the compiled declarations.
 * A reader wants the members, not the schema, which no entry exports.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as Compiler from '../../node_modules/@microsoft/api-extractor/node_modules/typescript/lib/typescript.js';

// API Extractor's own: TypeScript 7 has no API for programs.
const ts = createRequire(createRequire(import.meta.url).resolve('@microsoft/api-extractor'))(
  'typescript',
) as typeof Compiler;

const INFERRED = /^(z\.output<typeof \w+>|\(typeof \w+\)\[number\]|keyof typeof \w+)$/;

/** Rewrites the declarations in `folder` that the entries lead to. */
export function writeInferredTypes(folder: string, entries: readonly string[]): void {
  const program = ts.createProgram([...entries], {
    target: ts.ScriptTarget.ES2024,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  for (const source of program.getSourceFiles()) {
    if (!source.fileName.startsWith(folder)) continue;
    const found = inferredIn(source).map((node) => ({
      node,
      text: expanded(checker, checker.getTypeFromTypeNode(node), folder),
    }));
    if (found.length === 0) continue;
    let rewritten = source.text;
    for (const { node, text } of found.toReversed()) {
      const type = formatted(withNames(text, found));
      rewritten = rewritten.slice(0, node.getStart()) + type + rewritten.slice(node.end);
    }
    writeFileSync(source.fileName, rewritten);
  }
}

function inferredIn(source: Compiler.SourceFile): Compiler.TypeNode[] {
  const found: Compiler.TypeNode[] = [];
  const visit = (node: Compiler.Node): void => {
    if (ts.isTypeNode(node) && INFERRED.test(node.getText(source))) found.push(node);
    else ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** On one line, with all members; an alias of the project keeps its name. */
function expanded(checker: Compiler.TypeChecker, type: Compiler.Type, folder: string): string {
  const inner = (one: Compiler.Type): string => expanded(checker, one, folder);
  const declared = type.aliasSymbol?.declarations?.[0]?.getSourceFile().fileName;
  if (declared?.startsWith(folder)) return type.aliasSymbol!.name;
  const isObject = ({ flags }: Compiler.Type): boolean => (flags & ts.TypeFlags.Object) !== 0;
  if (type.isUnion() && type.types.some(isObject)) return type.types.map(inner).join(' | ');
  if (checker.isArrayType(type)) {
    const element = inner(checker.getTypeArguments(type as Compiler.TypeReference)[0]!);
    return /[|&]/.test(element) && !element.startsWith('{') ? `(${element})[]` : `${element}[]`;
  }
  if (!isObject(type) || checker.isTupleType(type)) {
    const flags = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.InTypeAlias;
    return checker.typeToString(type, undefined, flags);
  }
  const index = checker.getIndexInfoOfType(type, ts.IndexKind.String);
  if (index !== undefined) return `Record<string, ${inner(index.type)}>`;
  const members = type.getProperties().map((property) => {
    const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0;
    const own = checker.getTypeOfSymbol(property);
    const text = inner(isOptional ? checker.getNonNullableType(own) : own);
    return `${property.name}${isOptional ? '?' : ''}: ${text}`;
  });
  return `{ ${members.join('; ')} }`;
}

/** Objects that have a name in the same file, by that name. */
function withNames(
  text: string,
  found: readonly { readonly node: Compiler.TypeNode; readonly text: string }[],
): string {
  return found.reduce(
    (named, { node, text: own }) =>
      ts.isTypeAliasDeclaration(node.parent) && own.startsWith('{') && own !== text
        ? named.replaceAll(own, node.parent.name.text)
        : named,
    text,
  );
}

function formatted(type: string): string {
  const source = ts.createSourceFile('type.ts', `type T = ${type};`, ts.ScriptTarget.ES2024);
  const declaration = source.statements[0] as Compiler.TypeAliasDeclaration;
  return ts.createPrinter().printNode(ts.EmitHint.Unspecified, declaration.type, source);
}
