import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const root = path.dirname(import.meta.dirname);
/** Longer text belongs in docs/. Code blocks are not counted. */
const README_WORDS = 900;

const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter((page) => existsSync(path.join(root, page)));

const textOf = (page: string) => readFileSync(path.join(root, page), 'utf8');
const withoutCode = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, '');

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of withoutCode(textOf(page)).matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');
    let unique = anchor;
    for (let n = 1; anchors.has(unique); n += 1) unique = `${anchor}-${n}`;
    anchors.add(unique);
  }
  return anchors;
}

function linksOf(page: string): string[] {
  const prose = withoutCode(textOf(page)).replace(/`[^`\n]*`/g, '');
  const targets = [...prose.matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)].map(([, target]) => target!);
  return targets.filter((target) => !/^[a-z][a-z\d+.-]*:/i.test(target));
}

/** Why a link leads nowhere. */
function broken(page: string, link: string): string | undefined {
  const [target, anchor] = link.split('#') as [string, string?];
  const file = target === '' ? page : path.posix.normalize(path.posix.join(path.posix.dirname(page), target));
  if (file.startsWith('..') || !existsSync(path.join(root, file)))
    return `${page}: ${link}: no file at ${file}`;
  if (anchor === undefined || !file.endsWith('.md')) return undefined;
  return anchorsOf(file).has(anchor) ? undefined : `${page}: ${link}: no heading of ${file} has this anchor`;
}

describe('the Markdown pages', () => {
  test.each(pages)('every relative link of %s leads somewhere', (page) => {
    expect(linksOf(page).flatMap((link) => broken(page, link) ?? [])).toEqual([]);
  });

  test('have links that this test sees', () => {
    expect(pages.flatMap(linksOf).length).toBeGreaterThan(100);
  });

  test(`README has at most ${README_WORDS} words`, () => {
    expect(withoutCode(textOf('README.md')).split(/\s+/).length).toBeLessThanOrEqual(README_WORDS);
  });

  test('README leads to every page of docs/ within two clicks', () => {
    const pagesFrom = (page: string) =>
      linksOf(page).map((link) => path.posix.join(path.posix.dirname(page), link.split('#')[0]!));
    const first = pagesFrom('README.md');
    const second = first.filter((page) => pages.includes(page)).flatMap(pagesFrom);
    const reached = new Set([...first, ...second]);
    expect(pages.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([]);
  });
});
