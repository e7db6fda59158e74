import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Trace } from '../trace/schema.ts';
import { junitXml } from './junit.ts';
import { compareGates, pastRunOf } from './past.ts';
import { finding, gate, png, runsOf, traceSet, verdict, wav } from './testing/build.ts';
import { EVIL, writeGreen, writeRed, writeReport } from './testing/reports.ts';
import { xmlSafe } from './text.ts';
import { openReport } from './write.ts';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const hasBrowser = existsSync(executablePath);
const advice = `SKIPPED: the report in a browser; no ${executablePath}, set CHROMIUM\n`;
if (!hasBrowser) process.stderr.write(advice);

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const FROZEN = '#scenario=frozen';

interface Opened {
  readonly page: Page;
  /** Console messages, errors, dialogs and requests: there should be none. */
  readonly noise: string[];
}

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

  async function open(file: string, hash = '', options: BrowserContextOptions = {}): Promise<Opened> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const url = pathToFileURL(file).href;
    const noise: string[] = [];
    page.on('console', (message) => noise.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => noise.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => noise.push(`dialog: ${dialog.message()}`));
    page.on('request', (request) => {
      if (request.url() !== url && !/^(data|blob):/.test(request.url()))
        noise.push(`request: ${request.url()}`);
    });
    await page.goto(url + hash);
    if (hash !== '' && options.javaScriptEnabled !== false)
      await page.locator('.finding, .facts').first().waitFor();
    return { page, noise };
  }

  async function quiet({ page, noise }: Opened): Promise<void> {
    expect(noise).toEqual([]);
    await page.context().close();
  }

  /** Opens all that is folded away, and what is in it. */
  async function openAll(page: Page): Promise<void> {
    const closed = page.locator('details:not([open])');
    while ((await closed.count()) > 0) {
      await closed.evaluateAll((all) => {
        for (const one of all) (one as HTMLDetailsElement).open = true;
      });
      // What opens is drawn in the next frames.
      await page.waitForTimeout(50);
    }
  }

  test('hostile strings stay text: escaping alone contains them, and the policy is a second barrier', async () => {
    const bare = await writeReport(root, gate([], { passed: false, problem: EVIL }), new Map());
    const evil = `#scenario=${encodeURIComponent(await nameOfEvil(red.html))}`;
    for (const [file, hash] of [
      [red.html, ''],
      [red.html, evil],
      [bare.html, ''],
    ] as const) {
      const opened = await open(file, hash, { bypassCSP: true });
      await openAll(opened.page);
      const found = await opened.page.evaluate(() => {
        const all = [...document.querySelectorAll('*')];
        const handlers = all.filter((e) => e.getAttributeNames().some((name) => name.startsWith('on')));
        const sources = [...document.images].map((image) => image.src);
        return {
          pwned: (window as unknown as { pwned?: number }).pwned ?? null,
          programs: [...document.scripts].filter(({ type }) => type === '').length,
          handlers: handlers.map((e) => e.outerHTML.slice(0, 80)),
          sources: sources.filter((source) => !source.startsWith('data:image/png;base64,')),
          links: [...document.links].map((a) => a.protocol).filter((protocol) => protocol !== 'file:'),
          policy: document.querySelector('meta[http-equiv]')?.getAttribute('content') ?? '',
          text: document.body.innerText,
        };
      });
      expect(found).toMatchObject({ pwned: null, programs: 1, handlers: [], sources: [], links: [] });
      expect(found.policy).toMatch(
        /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; script-src 'sha256-[\w+/=]{44}'; connect-src 'self'; img-src data:; media-src data:; base-uri 'none'; form-action 'none'$/,
      );
      expect(found.text).toContain('<script>window.pwned=1</script>');
      expect(found.text).toContain('‹U+0000›‹U+001F›‹U+202E›gnp');
      expect(found.text).not.toMatch(/[\p{Cs}\p{Cf}]|(?![\n\t])\p{Cc}/u);
      await quiet(opened);
    }
  });

  test('the policy lets nothing run that was put into the page later', async () => {
    const { page } = await open(red.html);
    await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.pwned = 1';
      document.body.append(script);
      document.body.insertAdjacentHTML('beforeend', '<b style="color: red" onclick="window.pwned = 1">x</b>');
    });
    await page.getByText('x', { exact: true }).click();
    expect(await page.evaluate(() => (window as unknown as { pwned?: number }).pwned)).toBeUndefined();
    await page.context().close();
  });

  test('the first screen is what failed, with cause and fix; what is as expected is one line that opens', async () => {
    const opened = await open(red.html);
    const { page } = opened;
    expect(await page.textContent('h1')).toBe(
      'Failed in frozen: After resume 1 nothing moves (and 1 more scenario of 3).',
    );
    expect(await page.textContent('header')).toContain('google swiftshader (GPU emulated in software');
    const card = page.locator('.card', { hasText: 'After resume 1 nothing moves.' });
    expect(await card.innerText()).toMatch(
      /Likely cause\s+the gradient hooks hold .*\s+Fix\s+register the hooks after everything is restored/,
    );
    expect(await page.getByRole('link', { name: 'healthy' }).count()).toBe(0);
    await page.getByText('1 scenario as expected: 1 proven').click();
    await page.getByRole('link', { name: 'healthy' }).click();
    expect(await page.textContent('main h2')).toMatch(/^healthy\s+as expected$/);
    expect(page.url()).toMatch(/#scenario=healthy$/);
    await page.goBack();
    expect(await page.locator('.card').count()).toBe(2);
    await quiet(opened);
  });

  test('search, filters and their order are in the address, so that a link shows the same', async () => {
    const opened = await open(red.html);
    const { page } = opened;
    await page.getByLabel('Search').fill('NOTHING moves');
    expect(await page.locator('[role=status]').textContent()).toContain('1 scenario of 3.');
    await page.getByLabel('Search').fill('');
    await page.getByRole('combobox', { name: 'Rule' }).selectOption('loss-differs');
    expect(await page.locator('.card h2 a').allTextContents()).toEqual(['frozen']);
    await page.reload();
    expect(await page.locator('.card h2 a').allTextContents()).toEqual(['frozen']);
    await page.getByRole('link', { name: 'Show all' }).click();
    await page.getByRole('combobox', { name: 'Verdict' }).selectOption('proven');
    expect(await page.locator('.rest td a').allTextContents()).toEqual(['healthy']);
    await page.getByLabel('Search').fill('no such thing');
    expect(await page.locator('[role=status]').textContent()).toContain('0 scenarios of 3.');
    await quiet(opened);
  });

  test('a scenario shows findings in order of cause; a link to one opens it', async () => {
    const opened = await open(red.html, FROZEN);
    const { page } = opened;
    const first = page.locator('.finding').first();
    expect(await first.locator('.beside').innerText()).toMatch(
      /Expected\s+an update norm of 0\.0142 .*\s+Seen\s+an update norm of 0/,
    );
    expect(await page.getByText('The loss is off.').count()).toBe(0);
    await page.getByText('1 further finding, in order of cause').click();
    const second = page.locator('.finding', { hasText: 'The loss is off.' });
    await second.getByRole('link', { name: 'link to this finding' }).click();
    expect(page.url()).toMatch(/#scenario=frozen&finding=loss-differs%401$/);
    await page.reload();
    await second.waitFor();
    expect(await second.getAttribute('class')).toContain('wanted');
    await second.getByText('Rule loss-differs').click();
    expect(await second.innerText()).toContain('resumeproof explain loss-differs');
    await quiet(opened);
  });

  test('every name that a finding keeps is shown, and the rest is counted', async () => {
    const opened = await open(red.html, `#scenario=${encodeURIComponent(await nameOfEvil(red.html))}`);
    const concerns = opened.page.locator('.finding .subjects').first();
    expect(await concerns.locator('code').count()).toBe(24);
    await concerns.getByRole('button').click();
    expect(await concerns.locator('code').count()).toBe(30);
    expect(await concerns.textContent()).toMatch(/and 870 more \(900 of 12\)$/);
    // An unknown rule with a hostile name has nothing to open.
    expect(await opened.page.locator('.finding .rule').count()).toBe(0);
    await quiet(opened);
  });

  test('from the list to a scenario and back by keyboard alone', async () => {
    const opened = await open(red.html);
    const { page } = opened;
    const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent ?? '');
    await page.keyboard.press('j');
    expect(await focused()).toBe('frozen');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.locator('.finding').first().waitFor();
    await page.keyboard.press('j');
    expect(await focused()).toContain('no parameter moved');
    await page.keyboard.press('n');
    expect(await page.textContent('main h2')).toContain('window.pwned');
    await page.keyboard.press('p');
    expect(await page.textContent('main h2')).toMatch(/^frozen/);
    await page.keyboard.press('Escape');
    expect(await page.locator('.card').count()).toBe(2);
    await page.keyboard.press('?');
    expect(await page.getByRole('dialog').innerText()).toContain('next and previous scenario');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.keyboard.press('/');
    await page.keyboard.type('n?');
    expect(await page.getByLabel('Search').inputValue()).toBe('n?');
    await quiet(opened);
  });

  test('the timeline has each process, its save and what it resumed from', async () => {
    const opened = await open(red.html, FROZEN);
    await opened.page.getByText('Processes as a table').click();
    const rows = await opened.page
      .locator('details', { hasText: 'Processes as a table' })
      .locator('tbody tr')
      .allInnerTexts();
    expect(rows.map((row) => row.split('\t'))).toEqual([
      ['control', '–', '1 to 30', '–', 'webgpu', '30 steps, exited with code 0'],
      ['before', '–', '1 to 15', '–', 'webgpu', '15 steps, exited with code 0'],
      ['after-1', 'before, step 15', '16 to 30', '–', 'webgpu', '15 steps, exited with code 0'],
    ]);
    expect(await opened.page.locator('.timeline .arrow').count()).toBe(1);
    await quiet(opened);
  });

  test('the heat map shows where the updates stop, by colour, in words and as curves', async () => {
    const opened = await open(red.html, FROZEN);
    const { page } = opened;
    const canvas = page.locator('.heat canvas');
    const [before, after] = await canvas.evaluate((element) => {
      const own = element as HTMLCanvasElement;
      const { data } = own.getContext('2d')!.getImageData(0, own.height - 4, own.width, 1);
      return [0.4, 0.9].map((share) => [...data.slice(Math.floor(own.width * share) * 4).slice(0, 4)]);
    });
    // In light colours: nearly white before the resume, the ink after it.
    expect(before![0]).toBeGreaterThan(230);
    expect(after).toEqual([27, 31, 36, 255]);
    await canvas.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('.pointed').textContent()).toBe(
      'p1 group main, before, step 1: equals the control’s',
    );
    for (let step = 1; step < 16; step += 1) await page.keyboard.press('ArrowRight');
    expect(await page.locator('.pointed').textContent()).toBe(
      'p1 group main, after resume 1, step 16: no update, although the control makes one',
    );
    await page.keyboard.press('Enter');
    expect(page.url()).toMatch(/&parameter=p1$/);
    const own = page.locator('.chosen');
    expect(await own.locator('figcaption').allInnerTexts()).toEqual([
      'Norm of the update',
      'Norm of the parameter',
      'Norm of the gradient',
    ]);
    await own.getByText('Values').first().click();
    expect(await own.locator('.values tr').nth(16).innerText()).toMatch(/^16\t[\d.e-]+\t\t0$/);
    await page.getByText('Parameters as a table').click();
    expect(await page.getByRole('row', { name: /^p3/ }).innerText()).toMatch(
      /^p3\s+main\s+16\s+no update, although the control makes one\s+15$/,
    );
    await page.getByLabel('Find a parameter').fill('p2');
    expect(await page.getByRole('row', { name: /^p\d/ }).count()).toBe(1);
    await quiet(opened);
  });

  test('the heat map shows each step that stalls, on a screen with fewer pixels than there are steps or parameters', async () => {
    const folder = join(root, 'narrow');
    const plan = { steps: 600, resumeAt: [300] };
    /** The heights in pixels at which a step of one of twelve of so many parameters is seen to stall. */
    const stalled = async (parameters: number, options: BrowserContextOptions): Promise<number> => {
      const scenario = `of-${parameters}`;
      const own = await traceSet(folder, scenario, { plan, parameters, samples: [] });
      const [control, before, after] = own as [Trace, Trace, Trace];
      // Each at another step, and in rows that no regular gap between pixels has in common.
      const apart = Math.max(1, parameters / 12 - 1);
      const stalls = (at: number, parameter: number): boolean =>
        parameter % apart === 0 && parameter < 12 * apart && at === 17 * (1 + parameter / apart);
      const steps = after.steps.map((step, at) => ({
        ...step,
        updateL2: step.updateL2.map((value, parameter) => (stalls(at, parameter) ? 0 : value)),
      }));
      const traces = [control, before, { ...after, steps }];
      const judged = verdict({ scenario, plan, outcome: 'inconclusive', runs: runsOf(folder, traces) });
      const report = openReport(folder);
      await report.add(judged, traces);
      const { html } = await report.write(gate([judged]));
      const opened = await open(html, `#scenario=${scenario}`, options);
      const heights = await opened.page.locator('.heat canvas').evaluate((element) => {
        const canvas = element as HTMLCanvasElement;
        const { data, width } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        const pixels = [...new Uint32Array(data.buffer).entries()];
        // Below the names of the processes.
        const inked = pixels.filter(
          ([at, pixel]) => pixel === 0xff241f1b && at / width > 34 * devicePixelRatio,
        );
        return new Set(inked.map(([at]) => Math.floor(at / width))).size;
      });
      await quiet(opened);
      return heights;
    };
    // A row with its name has 14 pixels.
    expect(await stalled(12, { viewport: { width: 390, height: 800 } })).toBe(12 * 14);
    const zoomedOut = { viewport: { width: 1000, height: 800 }, deviceScaleFactor: 0.8 };
    expect(await stalled(480, zoomedOut)).toBe(12);
  });

  test('curves show values under one cursor, the difference from the control, and what is on the page as CSV', async () => {
    const opened = await open(red.html, FROZEN);
    const { page } = opened;
    const chart = (title: string): Locator => page.locator('figure.curve', { hasText: title });
    await chart('Loss')
      .locator('.u-over')
      .hover({ position: { x: 1, y: 50 } });
    await expect.poll(() => chart('Loss').locator('.cursor').innerText()).toBe('step 1');
    expect(await chart('Norm of the update').locator('.cursor').innerText()).toBe('step 1');
    expect(await chart('Loss').locator('.legend').innerText()).toMatch(/control 1\.2\d+\s+before 1\.2\d+/);
    await page.getByLabel('resumed − control').check();
    await page.mouse.move(0, 0);
    const gap = page.locator('figure.curve', { hasText: 'Norm of all parameters: resumed − control' });
    await gap.getByText('Values').click();
    expect(await gap.locator('thead').innerText()).toMatch(/^Step\s+before\s+after resume 1\s*$/);
    expect(await gap.locator('.values tr').nth(30).innerText()).toMatch(/^30\t\t-0\.2998$/);
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page
        .locator('h3', { hasText: 'Curves' })
        .locator('xpath=following-sibling::p[1]')
        .getByRole('button', { name: 'CSV' })
        .click(),
    ]);
    const lines = (await readFile(await file.path(), 'utf8')).split('\r\n');
    expect(lines.slice(0, 2)).toEqual([
      'curve,process,step,value',
      expect.stringMatching(/^Loss,control,1,1\.\d+$/),
    ]);
    expect(lines).toHaveLength(1 + 6 * 60);
    await quiet(opened);
  });

  test('two samples are compared in five ways, with what differs in figures', async () => {
    const opened = await open(red.html, FROZEN);
    const { page } = opened;
    const row = page.locator('.samples', { hasText: 'cat' }).first();
    expect(await row.locator('.answers').innerText()).toMatch(/Did it change\? No: identical/);
    const sizes = await row.locator('img').evaluateAll((all) =>
      all.map((image) => {
        const own = image as HTMLImageElement;
        return [own.naturalWidth, own.width, getComputedStyle(own).imageRendering].join(' ');
      }),
    );
    expect(sizes).toEqual(Array(5).fill('16 112 pixelated'));
    await row.getByRole('button', { name: 'Compare two' }).click();
    await expect
      .poll(() => row.locator('[role=status]').innerText())
      .toMatch(/^\d+ of 256 pixels differ, by up to \d+ of 255; structural similarity \(SSIM\) 0\.\d{4}\.$/);
    expect(await row.locator('.stage img').count()).toBe(2);
    await row.getByLabel('slider').check();
    await row.getByLabel('Border').fill('25');
    expect(
      await row
        .locator('.stack img')
        .last()
        .evaluate((image) => getComputedStyle(image).clipPath),
    ).toBe('inset(0px 75% 0px 0px)');
    await row.getByLabel('onion skin').check();
    expect(
      await row
        .locator('.stack img')
        .last()
        .evaluate((image) => getComputedStyle(image).opacity),
    ).toBe('0.25');
    await row.getByLabel('blink').check();
    await row.getByRole('button', { name: 'Stop' }).click();
    const before = await row.locator('.stage figcaption').innerText();
    await row.getByRole('button', { name: 'Swap' }).click();
    expect(await row.locator('.stage figcaption').innerText()).not.toBe(before);
    await row.getByLabel('difference').check();
    const bright = (): Promise<number> =>
      row.locator('.stage canvas').evaluate((element) => {
        const own = element as HTMLCanvasElement;
        const context = own.getContext('2d', { willReadFrequently: true })!;
        const { data } = context.getImageData(0, 0, own.width, own.height);
        return Math.max(...data.filter((_, at) => at % 4 === 0));
      });
    await expect.poll(bright).toBe(255);
    await row.getByLabel('First').selectOption({ label: 'saved, step 15' });
    await row.getByLabel('Second').selectOption({ label: 'resumed and trained, end' });
    await expect.poll(() => row.locator('[role=status]').innerText()).toBe('Identical.');
    await row.getByLabel('Zoom').selectOption('4');
    expect(
      await row.locator('.stage canvas').evaluate((canvas) => canvas.getBoundingClientRect().width),
    ).toBe(64);
    await quiet(opened);
  });

  test('an image, a text and a tone of the baseline are beside the control’s, and can be compared with it', async () => {
    const folder = join(root, 'beside-baseline');
    const traces = await traceSet(folder, 'sound', { samples: ['cat'], story: 'Once upon a time' });
    const old = join(folder, 'sound', 'baseline');
    await mkdir(old);
    await writeFile(join(old, 'cat.png'), await png(16, 16, 99));
    await writeFile(join(old, 'story.txt'), 'Once upon a mouse 1');
    await writeFile(join(old, 'tone.wav'), wav(9));
    const sound = verdict({ scenario: 'sound', runs: runsOf(folder, traces) });
    const report = openReport(folder);
    const baseline = ['cat.png', 'story.txt', 'tone.wav'].map((file) => ({
      name: file.split('.')[0]!,
      file: `sound/baseline/${file}`,
      comparable: true,
    }));
    await report.add(sound, traces, baseline);
    const opened = await open((await report.write(gate([sound]))).html, '#scenario=sound');
    const { page } = opened;
    const rowOf = (name: string) => page.locator('.samples', { has: page.locator('h4', { hasText: name }) });
    for (const name of ['cat', 'story', 'tone'])
      expect(await rowOf(name).locator('.answers li').last().textContent()).toMatch(
        /^Did the training itself change\? Yes: .*control against baseline$/,
      );
    const cat = rowOf('cat');
    const image = cat.getByAltText('cat: baseline, end of the control', { exact: true });
    // What is drawn is the file's own pixels.
    const [drawn, file] = await image.evaluate(
      async (element, bytes) => {
        const pixelsOf = async (source: ImageBitmapSource): Promise<string> => {
          const canvas = document.createElement('canvas');
          [canvas.width, canvas.height] = [16, 16];
          const context = canvas.getContext('2d', { willReadFrequently: true })!;
          context.drawImage(await createImageBitmap(source), 0, 0);
          return context.getImageData(0, 0, 16, 16).data.join(' ');
        };
        const blob = new Blob([Uint8Array.from(bytes)], { type: 'image/png' });
        return [await pixelsOf(element as HTMLImageElement), await pixelsOf(blob)];
      },
      [...(await readFile(join(old, 'cat.png')))],
    );
    expect(drawn).toBe(file);
    await cat.getByRole('button', { name: 'Compare two' }).click();
    await cat.getByLabel('First').selectOption({ label: 'baseline, end of the control' });
    await cat.getByLabel('Second').selectOption({ label: 'control, end' });
    await expect
      .poll(() => cat.locator('[role=status]').innerText())
      .toMatch(/^\d+ of 256 pixels differ, by up to \d+ of 255;/);
    const story = rowOf('story');
    expect(await story.locator('pre').last().textContent()).toBe('Once upon a mouse 1');
    await story.getByRole('button', { name: 'Compare two' }).click();
    await story.getByLabel('First').selectOption({ label: 'baseline, end of the control' });
    expect(await story.locator('.words del').allTextContents()).toEqual(['mouse']);
    expect(await rowOf('tone').locator('audio').count()).toBe(6);
    await quiet(opened);
  });

  test('audio plays and texts are shown, saved, resumed and control beside each other', async () => {
    const opened = await open(red.html, '#scenario=healthy');
    const { page } = opened;
    const story = page.locator('.samples', { has: page.locator('h4', { hasText: 'story' }) });
    expect(await story.locator('pre').allTextContents()).toEqual(
      [0, 0, 0, 1, 1].map((n) => `Once upon a time ${n}`),
    );
    expect(await story.locator('.answers li').allTextContents()).toEqual([
      expect.stringMatching(/Did it change\? Yes: different digests/),
      expect.stringMatching(/Is it the same\? Yes: identical/),
    ]);
    expect(await story.locator('figcaption').nth(2).textContent()).toMatch(
      /resumed, before any step18 characters, digest [0-9a-f]{12}…against saved: identical/,
    );
    const tone = page.locator('.samples', { has: page.locator('h4', { hasText: 'tone' }) });
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
    await quiet(opened);
  });

  test('two texts are compared word by word, two sounds by waveform and spectrum', async () => {
    const opened = await open(red.html, '#scenario=healthy');
    const { page } = opened;
    const story = page.locator('.samples', { has: page.locator('h4', { hasText: 'story' }) });
    await story.getByRole('button', { name: 'Compare two' }).click();
    expect(await story.locator('[role=status]').innerText()).toBe('Identical.');
    await story.getByLabel('First').selectOption({ label: 'saved, step 15' });
    expect(await story.locator('.words del').allTextContents()).toEqual(['0']);
    expect(await story.locator('.words ins').allTextContents()).toEqual(['1']);
    const tone = page.locator('.samples', { has: page.locator('h4', { hasText: 'tone' }) });
    await tone.getByRole('button', { name: 'Compare two' }).click();
    await expect.poll(() => tone.locator('.sound canvas').count()).toBe(4);
    // The row of each spectrum that is the brightest: the frequency of the tone.
    const loudest = (at: number): Promise<number> =>
      tone
        .locator('.sound canvas')
        .nth(at)
        .evaluate((element) => {
          const own = element as HTMLCanvasElement;
          const copy = document.createElement('canvas');
          [copy.width, copy.height] = [own.width, own.height];
          const context = copy.getContext('2d', { willReadFrequently: true })!;
          context.drawImage(own, 0, 0);
          const { data } = context.getImageData(0, 0, 1, own.height);
          const column = [...data].filter((_, index) => index % 4 === 0);
          return column.indexOf(Math.max(...column));
        });
    await expect.poll(() => loudest(3)).toBeGreaterThan(0);
    const control = await loudest(3);
    expect(await loudest(1)).toBe(control);
    // 3 samples to the radian instead of 4 are 424 Hz instead of 318 Hz, which is higher up.
    await tone.getByLabel('First').selectOption({ label: 'saved, step 15' });
    await expect.poll(() => loudest(1)).toBeLessThan(control);
    await quiet(opened);
  });

  test('what changed since an earlier run is told first, and earlier runs are small lines with a table', async () => {
    const folder = join(root, 'since');
    await mkdir(folder);
    const before = gate([verdict({ scenario: 'frozen' }), verdict({ scenario: EVIL })]);
    const runs = [1, 2].map((seconds) =>
      pastRunOf({ ...before, seconds }, 'earlier', new Map([['frozen', seconds]])),
    );
    const report = openReport(folder, { runs, unreadable: 0 });
    const now = gate([
      verdict({ scenario: 'frozen', asExpected: false, outcome: 'refuted', findings: [finding()] }),
    ]);
    for (const own of now.verdicts) await report.add(own, []);
    const { html } = await report.write(now, compareGates(before, now));
    const opened = await open(html);
    const { page } = opened;
    expect(await page.locator('.since').innerText()).toMatch(
      /^Since 2026-03-01 10:00 UTC\s+newly failing\s+frozen\s+gone\s+<script>window\.pwned=1/,
    );
    await page.getByText('Earlier runs').click();
    expect(await page.locator('.trend tbody tr').allInnerTexts()).toEqual([
      expect.stringMatching(/\t1\t61\.2 s$/),
      expect.stringMatching(/\t0\t2\.00 s$/),
      expect.stringMatching(/\t0\t1\.00 s$/),
    ]);
    await page.locator('.since').getByRole('link', { name: 'frozen' }).click();
    await page.locator('.finding').first().waitFor();
    expect(await page.locator('.trend summary').innerText()).toMatch(
      /time 12\.4 s\s+failing 0\s+norm of the control 2$/,
    );
    await quiet(opened);
  });

  test('a known fault that was caught reads as good news', async () => {
    const opened = await open(green.html);
    const { page } = opened;
    expect(await page.textContent('h1')).toBe(
      'Passed: 1 scenario proven and 1 known fault caught as expected.',
    );
    await page.getByText('2 scenarios as expected: 1 proven, 1 known fault caught').click();
    const alarm = await page.evaluate(() => {
      const probe = document.body.appendChild(document.createElement('i'));
      probe.style.color = 'var(--bad)';
      const bad = getComputedStyle(probe).color;
      return [...document.querySelectorAll('main *')]
        .filter((e) => getComputedStyle(e).color === bad)
        .map((e) => e.outerHTML);
    });
    expect(alarm).toEqual([]);
    await quiet(opened);
  });

  test('without script, the verdicts and what is wrong can be read', async () => {
    const { page } = await open(red.html, '', { javaScriptEnabled: false });
    const text = await page.locator('body').innerText();
    expect(text).toContain('After resume 1 nothing moves.');
    expect(text).toContain('register the hooks after everything is restored');
    expect(text).toContain('healthy');
    await page.context().close();
  });

  test('in print there is a summary and what is wrong, on few pages', async () => {
    const { page } = await open(red.html);
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    await page.locator('.finding').first().waitFor();
    const text = await page.locator('main').innerText();
    expect(text).toContain('healthy');
    expect(text).toContain('register the hooks after everything is restored');
    expect(await page.locator('main canvas, main form').count()).toBe(0);
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    await page.locator('.card').first().waitFor();
    await page.context().close();
  });

  test('axe finds nothing against WCAG 2.2 AA, in light and dark, and no view is wider than a phone', async () => {
    const backgrounds = new Set<string>();
    for (const colorScheme of ['light', 'dark'] as const)
      for (const hash of ['', FROZEN, '#scenario=healthy']) {
        const { page } = await open(red.html, hash, {
          viewport: { width: 390, height: 780 },
          colorScheme,
          bypassCSP: true,
        });
        await openAll(page);
        const compare = page.getByRole('button', { name: 'Compare two' }).first();
        if (await compare.isVisible()) await compare.click();
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
        await page.addScriptTag({ path: AXE });
        const violations = await page.evaluate(async () => {
          const { axe } = window as unknown as {
            axe: {
              run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
            };
          };
          const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
          const found = await axe.run({ runOnly: { type: 'tag', values: tags } });
          return found.violations.map(
            ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
          );
        });
        expect(violations, `${hash} ${colorScheme}`).toEqual([]);
        backgrounds.add(
          await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor),
        );
        await page.context().close();
      }
    expect(backgrounds.size).toBe(2);
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

/** The hostile scenario's name as the page has it. */
async function nameOfEvil(file: string): Promise<string> {
  const [, json] = /id="index">(.*?)<\/script>/s.exec(await readFile(file, 'utf8'))!;
  const { scenarios } = JSON.parse(json!) as { scenarios: { name: string }[] };
  return scenarios.find(({ name }) => name.includes('pwned'))!.name;
}
