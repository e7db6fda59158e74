/**
 * Takes the screenshots in docs/images, light and dark, of a report in which a resumed run learns nothing, and keeps its
 * page as reports/example/index.html:
 *   node scripts/start.mjs scripts/screenshots.ts
 */
import { globSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { chromium, type Page } from 'playwright-core';

const root = path.dirname(import.meta.dirname);
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** By the name in the report. The first resumes with hooks from before the restore, and nothing says that it is to. */
const SCENARIOS: Readonly<Record<string, string>> = {
  'fine-tune': 'hooks-stale-group-backward-pass',
  'fine-tune-fixed': 'hooks-after-resume-backward-pass',
  gan: 'gan',
  lora: 'lora',
  'several-resumes': 'several-resumes',
  'shuffle-buffer': 'shuffle-buffer',
  'known-fault': 'hooks-orphaned-backward-pass',
};

interface View {
  readonly name: string;
  readonly hash: string;
  readonly height?: number;
  readonly prepare?: (page: Page) => Promise<void>;
  /** Shown from its top; the page's top by default. */
  readonly from?: string;
}

const VIEWS: readonly View[] = [
  { name: 'report', hash: '', height: 580 },
  { name: 'scenario', hash: '#scenario=fine-tune' },
  {
    name: 'heat-map',
    hash: '#scenario=fine-tune&parameter=patch.weight',
    from: 'h3:has-text("Updates of each parameter")',
  },
  {
    name: 'samples',
    hash: '#scenario=fine-tune',
    from: 'h3:has-text("Samples")',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Compare two' }).first().click();
      await page.locator('.compare [role=status]:not(:empty)').waitFor();
    },
  },
];

// In the checkout, whose commit the report shows.
await mkdir(path.join(root, '.cache'), { recursive: true });
const scratch = await mkdtemp(path.join(root, '.cache', 'screenshots-'));
try {
  const report = await madeReport();
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({ colorScheme });
    for (const { name, hash, height, prepare, from } of VIEWS) {
      const page = await context.newPage();
      await page.setViewportSize({ width: 1200, height: height ?? 780 });
      await page.goto(pathToFileURL(report).href + hash);
      await page
        .locator(hash === '' ? '.card' : '.heat canvas')
        .first()
        .waitFor();
      await prepare?.(page);
      if (from !== undefined)
        await page
          .locator(from)
          .first()
          .evaluate((heading) => heading.scrollIntoView({ block: 'start' }));
      // Charts are drawn once their width is known.
      await page.waitForTimeout(500);
      const file = path.join(root, 'docs', 'images', `${name}${colorScheme === 'dark' ? '-dark' : ''}.png`);
      await page.screenshot({ path: file });
      await page.close();
    }
  }
  await browser.close();
  await copyFile(report, path.join(root, 'reports', 'example', 'index.html'));
} finally {
  await rm(scratch, { recursive: true });
}

/** Runs the scenarios in a folder of their own, and returns the page. */
async function madeReport(): Promise<string> {
  const folder = path.join(scratch, 'scenarios');
  await mkdir(folder);
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    const source = JSON.stringify(path.join(root, 'scenarios', `${scenario}.ts`));
    await writeFile(
      path.join(folder, `${name}.ts`),
      name === 'known-fault'
        ? `export { default } from ${source};\n`
        : `import scenario from ${source};\nexport default { ...scenario, expect: 'proven' };\n`,
    );
  }
  const main = path.join(root, 'harness', 'cli', 'main.ts');
  const reports = path.join(scratch, 'reports');
  // There, so that no path of this machine is in the commands that the page shows.
  await execa(process.execPath, [main, 'run', '--backend', 'wasm'], {
    cwd: scratch,
    reject: false,
    stdio: 'inherit',
  });
  const [only] = globSync('*-wasm', { cwd: reports });
  return path.join(reports, only!, 'index.html');
}
