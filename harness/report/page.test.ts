import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { junitXml } from './junit.ts';
import { gate, verdict } from './testing/build.ts';
import { EVIL, writeGreen, writeRed } from './testing/reports.ts';
import { xmlSafe } from './text.ts';
import { writeReport } from './write.ts';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const hasBrowser = existsSync(executablePath);
const advice = `SKIPPED: the report in a browser; no ${executablePath}, set CHROMIUM\n`;
if (!hasBrowser) process.stderr.write(advice);

describe.skipIf(!hasBrowser)('the page in a browser', () => {
  let browser: Browser;
  let root: string;
  let red: { html: string; junit: string };
  let green: { html: string };
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'report-page-'));
    red = await writeRed(join(root, 'red'));
    green = await writeGreen(join(root, 'green'));
    const args =
      '--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync --disable-quic';
    browser = await chromium.launch({ executablePath, args: args.split(' ') });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(root, { recursive: true });
  });

  async function open(
    file: string,
    options: BrowserContextOptions = {},
  ): Promise<{ page: Page; noise: string[] }> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const url = pathToFileURL(file).href;
    const noise: string[] = [];
    page.on('console', (message) => noise.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => noise.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => noise.push(`dialog: ${dialog.message()}`));
    page.on('request', (request) => {
      if (request.url() !== url && !request.url().startsWith('data:'))
        noise.push(`request: ${request.url()}`);
    });
    await page.goto(url);
    return { page, noise };
  }

  test('hostile strings stay text: escaping alone contains them, and the policy is a second barrier', async () => {
    const bare = await writeReport(root, gate([], { passed: false, problem: EVIL }), new Map());
    for (const file of [red.html, bare.html]) {
      const { page, noise } = await open(file, { bypassCSP: true });
      const found = await page.evaluate(() => {
        const all = [...document.querySelectorAll('*')];
        const handlers = all.filter((e) => e.getAttributeNames().some((name) => name.startsWith('on')));
        const sources = [...document.images].map((image) => image.src);
        return {
          pwned: (window as unknown as { pwned?: number }).pwned ?? null,
          scripts: document.scripts.length,
          handlers: handlers.map((e) => e.outerHTML.slice(0, 80)),
          sources: sources.filter((source) => !source.startsWith('data:image/png;base64,')),
          links: [...document.links].map((a) => a.protocol).filter((protocol) => protocol !== 'file:'),
          policy: document.querySelector('meta[http-equiv]')?.getAttribute('content') ?? '',
          text: document.body.textContent ?? '',
        };
      });
      expect(noise).toEqual([]);
      expect(found).toMatchObject({ pwned: null, scripts: 0, handlers: [], sources: [], links: [] });
      expect(found.policy).toMatch(/^default-src 'none'; style-src 'unsafe-inline'; img-src data:/);
      expect(found.text).toContain('<script>window.pwned=1</script>');
      expect(found.text).toContain('‹U+0000›‹U+001F›‹U+202E›gnp');
      expect(found.text).not.toMatch(/[\p{Cs}\p{Cf}]|(?![\n\t])\p{Cc}/u);
      await page.context().close();
    }
  });

  test('the page begins with what failed and why; the root cause is open, the rest folded; images decode', async () => {
    const { page, noise } = await open(red.html);
    expect(await page.textContent('body')).toMatch(
      /^Failed in frozen: After resume 1 nothing moves \(and 1 more scenario of 3\)\./,
    );
    expect(await page.textContent('body')).toContain('and 888 more');
    expect(await page.locator('tr', { hasText: /^\s*updateL2/ }).textContent()).toMatch(
      /2\.5e-7\s*1\.3e-5 to 3\.5e-4\s*57\.3\s*6\.2\s*45/,
    );
    expect(await page.textContent('header')).toContain('google swiftshader (GPU emulated in software');
    const section = page.locator('section', { has: page.locator('h2', { hasText: /^frozen/ }) });
    expect(await section.locator('.finding').first().textContent()).toContain(
      'register the hooks after everything is restored',
    );
    expect(await section.getByText('The loss is off.').isVisible()).toBe(false);
    expect(await section.locator('.difference').first().textContent()).toContain(
      'Did it change? No: identical',
    );
    const images = await page.evaluate(() =>
      [...document.images].map((image) =>
        [image.naturalWidth, image.width, getComputedStyle(image).imageRendering].join(' '),
      ),
    );
    expect(images.length).toBeGreaterThan(20);
    expect(new Set(images)).toEqual(new Set(['16 112 pixelated']));
    expect(noise).toEqual([]);
    await page.context().close();
  });

  test('audio plays and texts are shown, saved, resumed and control beside each other', async () => {
    const { page, noise } = await open(red.html);
    const section = page.locator('section', { has: page.locator('h2', { hasText: /^healthy/ }) });
    const rows = section.locator('.samples');
    const story = rows.filter({ has: page.locator('h4', { hasText: 'story' }) });
    expect(await story.locator('pre').allTextContents()).toEqual(
      [0, 0, 0, 1, 1].map((n) => `Once upon a time ${n}`),
    );
    expect(await story.locator('.difference').allTextContents()).toEqual([
      expect.stringMatching(/Did it change\? Yes: different digests/),
      expect.stringMatching(/Is it the same\? Yes: identical/),
    ]);
    expect(await story.locator('figcaption').nth(2).textContent()).toMatch(
      /resumed, before any step18 characters, digest [0-9a-f]{12}…against saved: identical/,
    );
    const tone = rows.filter({ has: page.locator('h4', { hasText: 'tone' }) });
    expect(await tone.locator('figcaption').first().textContent()).toMatch(
      /control, step 15.*0\.25 s at 8000 Hz, 1 channel, digest [0-9a-f]{12}…/,
    );
    const durations = await tone.locator('audio').evaluateAll((players) =>
      Promise.all(
        players.map(async (player) => {
          const audio = player as HTMLAudioElement;
          if (audio.readyState === 0 && audio.error === null)
            await new Promise((resolve) => {
              audio.addEventListener('loadedmetadata', resolve);
              audio.addEventListener('error', resolve);
            });
          return audio.error?.message ?? audio.duration;
        }),
      ),
    );
    expect(durations).toEqual(Array(5).fill(0.25));
    expect(noise).toEqual([]);
    await page.context().close();
  });

  test('each finding links to its rule, which is explained once on the page', async () => {
    const { page, noise } = await open(red.html);
    expect(await page.locator('.rule code:first-child').allTextContents()).toEqual([
      'silent-no-op',
      'docs/rules.md#silent-no-op',
      'loss-differs',
      'docs/rules.md#loss-differs',
    ]);
    const section = page.locator('section', { has: page.locator('h2', { hasText: /^frozen/ }) });
    await section.getByRole('link', { name: 'silent-no-op' }).click();
    const said = page.locator('.rule:target');
    expect(await said.isVisible()).toBe(true);
    expect(await said.textContent()).toMatch(
      /^\s*silent-no-op\s+At least one parameter moves .* Earliest finding: at the first update/s,
    );
    // An unknown rule with a hostile name gets no link.
    const hrefs = await page
      .locator('.finding a')
      .evaluateAll((all) => all.map((a) => a.getAttribute('href')));
    expect(new Set(hrefs)).toEqual(new Set(['#rule-silent-no-op', '#rule-loss-differs']));
    expect(noise).toEqual([]);
    await page.context().close();
  });

  test('every curve has points, all inside its box', async () => {
    const { page } = await open(red.html);
    const curves = await page.evaluate(() =>
      [...document.querySelectorAll<SVGSVGElement>('.curve > svg')].map((svg) => {
        const box = svg.viewBox.baseVal;
        const paths = [...svg.querySelectorAll<SVGPathElement>('.series path')];
        const points = paths.flatMap((path) => [
          ...(path.getAttribute('d') ?? '').matchAll(/(-?[\d.]+),(-?[\d.]+)/g),
        ]);
        const outside = points.filter(
          ([, x, y]) =>
            !(Number(x) >= 0 && Number(x) <= box.width && Number(y) >= 0 && Number(y) <= box.height),
        );
        const looks = paths
          .map((path) => getComputedStyle(path))
          .map((s) => `${s.stroke} ${s.strokeDasharray}`);
        return {
          points: points.length,
          outside: outside.length,
          looks: new Set(looks).size,
          marks: svg.querySelectorAll('.mark').length,
        };
      }),
    );
    expect(curves).toHaveLength(18);
    for (const curve of curves) expect(curve).toEqual({ points: 60, outside: 0, looks: 3, marks: 1 });
    await page.context().close();
  });

  test('a known fault that was caught reads as good news', async () => {
    const { page } = await open(green.html);
    expect(await page.textContent('body')).toMatch(
      /^Passed: 1 scenario proven and 1 known fault caught as expected\./,
    );
    const alarm = await page.evaluate(() => {
      const probe = document.body.appendChild(document.createElement('i'));
      probe.style.color = 'var(--bad)';
      const bad = getComputedStyle(probe).color;
      return [...document.querySelectorAll('main *')]
        .filter((e) => getComputedStyle(e).color === bad)
        .map((e) => e.outerHTML);
    });
    expect(alarm).toEqual([]);
    await page.context().close();
  });

  test('fits a phone, and light and dark differ', async () => {
    const backgrounds = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await open(red.html, { viewport: { width: 360, height: 780 }, colorScheme });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
      backgrounds.push(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor));
      await page.context().close();
    }
    expect(new Set(backgrounds).size).toBe(2);
  });

  test('a strict parser reads the JUnit file with any texts', async () => {
    const { page } = await open(green.html);
    const texts = fc.sample(fc.string({ unit: 'binary', maxLength: 60 }), 100);
    const samples = texts.map((text) =>
      junitXml(gate([verdict({ scenario: text, headline: text, asExpected: false })])),
    );
    const read = await page.evaluate(
      (files) =>
        files.map((xml) => {
          const parsed = new DOMParser().parseFromString(xml, 'application/xml');
          const broken = parsed.querySelector('parsererror')?.textContent;
          return (
            broken ??
            parsed.querySelector('testcase:last-of-type failure')?.getAttribute('message') ??
            'no failure'
          );
        }),
      [await readFile(red.junit, 'utf8'), ...samples],
    );
    const spaced = (text: string) => xmlSafe(text).replaceAll(/\r\n|[\t\n\r]/g, ' ');
    expect(read).toEqual([EVIL, ...texts].map(spaced));
    await page.context().close();
  });
});
