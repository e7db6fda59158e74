/** Finds the texts that a file of code can say, so that a test can show that each of them is said. */
import { readFileSync } from 'node:fs';
import { parseAst } from 'vitest/node';

type Syntax = { readonly type: string } & Readonly<Record<string, unknown>>;

const isSyntax = (value: unknown): value is Syntax => typeof (value as Syntax | null)?.type === 'string';

/**
 * The texts of more than one word in a file, with its templates as patterns that match whatever is filled in. Imports,
 * types and the members named in `except` are left out.
 */
export function textsIn(file: string, except: readonly string[] = []): { text: string; pattern: RegExp }[] {
  const found = new Map<string, RegExp>();
  const add = (parts: readonly string[]): void => {
    const text = parts.join('…');
    if (!/\w ["'\w]/.test(text)) return;
    found.set(text, new RegExp(parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')));
  };
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(walk);
    else if (isSyntax(node)) visit(node);
  };
  const visit = (node: Syntax): void => {
    const { type } = node;
    // What a type wraps, as in `x as Type`, is code.
    if (type === 'ImportDeclaration' || type.startsWith('TS')) walk(node.expression);
    else if (type !== 'Property' || !except.includes(String((node.key as Syntax).name))) {
      if (type === 'Literal' && typeof node.value === 'string') add([node.value]);
      if (type === 'TemplateLiteral')
        add((node.quasis as { value: { cooked: string } }[]).map(({ value }) => value.cooked));
      Object.values(node).forEach(walk);
    }
  };
  walk(parseAst(readFileSync(file, 'utf8'), { lang: 'ts' }));
  return [...found].map(([text, pattern]) => ({ text, pattern }));
}
