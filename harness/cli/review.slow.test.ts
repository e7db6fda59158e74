import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emptyReview, type Review, withChange } from '../report/review.ts';
import { fixtures, reportsIn, resumeproof } from './testing/start.ts';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const hasBrowser = existsSync(executablePath);
if (!hasBrowser)
  process.stderr.write(`SKIPPED: reviewing in a browser; no ${executablePath}, set CHROMIUM\n`);

const scratch = mkdtempSync(path.join(tmpdir(), 'resumeproof-review-'));
let report: string;
let startedAt: string;
const file = () => path.join(report, 'review.json');
const written = (): Review => JSON.parse(readFileSync(file(), 'utf8'));

beforeAll(async () => {
  mkdirSync(path.join(scratch, 'scenarios'));
  for (const [name, fixture] of [
    ['voice', 'sampled-scenarios/voice'],
    ['broken', 'scenarios/accumulated-gradients-forgotten'],
  ])
    writeFileSync(
      path.join(scratch, 'scenarios', `${name}.ts`),
      `import scenario from ${JSON.stringify(path.join(fixtures, `${fixture}.ts`))};\nexport default { ...scenario, expect: 'proven' };\n`,
    );
  expect((await resumeproof(scratch, ['run', '--backend', 'cpu'])).exitCode).toBe(1);
  report = path.join(scratch, 'reports', reportsIn(path.join(scratch, 'reports'))[0]!);
  ({ startedAt } = JSON.parse(readFileSync(path.join(report, 'verdict.json'), 'utf8')));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Runs `resumeproof review` around a test, which gets its address, and returns what it printed. */
async function serving(
  use: (url: string) => Promise<void>,
  args = ['--no-open'],
  env: Record<string, string> = {},
): Promise<string> {
  const command = resumeproof(scratch, ['review', ...args], { buffer: true, env });
  const { stdout: output } = command as unknown as { stdout: NodeJS.ReadableStream };
  const url = await new Promise<string>((resolve, reject) => {
    output.once('data', (text: Buffer) => resolve(text.toString().split('\n')[0]!));
    command.then(({ stderr }) => reject(new Error(stderr)));
  });
  try {
    await use(url);
  } finally {
    command.kill('SIGINT');
  }
  const { exitCode, stdout } = await command;
  expect(exitCode).toBe(0);
  return stdout;
}

const post = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}review.json`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

/** fetch() does not let its user name another host. */
const statusFor = (url: string, headers: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    get(url, { headers }, ({ statusCode }) => resolve(statusCode!)).once('error', reject);
  });

test('only who knows the address reads the report and decides', async () => {
  writeFileSync(path.join(scratch, 'secret.txt'), 'secret');
  symlinkSync(path.join(scratch, 'secret.txt'), path.join(report, 'link.txt'));
  const accepted = { scenario: 'voice', decision: 'accepted', note: '' };
  await serving(async (url) => {
    const { origin, port } = new URL(url);
    expect((await fetch(origin)).status).toBe(404);
    expect((await fetch(`${origin}/review-AAAA/`)).status).toBe(404);
    expect(await statusFor(url, { host: `evil.example:${port}` })).toBe(403);
    expect((await post(url, accepted, { Origin: 'http://evil.example' })).status).toBe(403);
    expect((await post(url, accepted, { 'Content-Type': 'text/plain' })).status).toBe(415);
    const refusals = [
      ['{', 400],
      [{ ...accepted, scenario: 'other' }, 400],
      [{ ...accepted, decision: 'waived' }, 400],
      [{ ...accepted, note: 'x'.repeat(4001) }, 400],
      ['x'.repeat(70_000), 413],
    ] as const;
    for (const [body, status] of refusals) expect((await post(url, body)).status).toBe(status);
    for (const outside of ['..%2f..%2fsecret.txt', 'link.txt', '%00', 'voice', '%'])
      expect(await fetch(url + outside).then(({ ok }) => ok), outside).toBe(false);
    expect(existsSync(file())).toBe(false);

    const page = await fetch(url);
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; .*frame-ancestors 'none'$/,
    );
    expect(await page.text()).toBe(readFileSync(path.join(report, 'index.html'), 'utf8'));
    const trace = await fetch(`${url}voice/control/trace.jsonl`);
    expect(trace.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    expect(await trace.text()).toBe(
      readFileSync(path.join(report, 'voice', 'control', 'trace.jsonl'), 'utf8'),
    );
    // Several at once are all kept.
    const answers = await Promise.all(
      ['voice', 'broken'].map((scenario) => post(url, { ...accepted, scenario })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });
  expect(written().decisions.map(({ scenario }) => scenario)).toEqual(['broken', 'voice']);
  rmSync(file());
});

test('the browser is given a private file that leads to the address, not the address', async () => {
  const bin = path.join(scratch, 'bin');
  mkdirSync(bin);
  const seen = path.join(scratch, 'seen.html');
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  writeFileSync(path.join(bin, opener), `#!/bin/sh\ncp -p "$1" '${seen}'\n`, { mode: 0o755 });
  await serving(
    async (url) => {
      await expect.poll(() => existsSync(seen) && readFileSync(seen, 'utf8')).toContain(`url=${url}"`);
      expect(statSync(seen).mode & 0o777).toBe(0o600);
    },
    [],
    { PATH: `${bin}:${process.env.PATH}` },
  );
  expect(existsSync(path.join(report, '.review.html'))).toBe(false);
});

test('a decision that cannot be written is an error, and the file stays as it was', async () => {
  await serving(async (url) => {
    writeFileSync(file(), '{"format":1}');
    const answer = await post(url, { scenario: 'voice', decision: 'accepted', note: '' });
    expect(answer.status).toBe(500);
    expect(await answer.text()).toMatch(
      /^cannot read the review .*review\.json: startedAt: .*; mend or remove it$/,
    );
    expect(readFileSync(file(), 'utf8')).toBe('{"format":1}');
  });
  rmSync(file());
});

test('a page that this version did not write is not served', async () => {
  const page = path.join(report, 'index.html');
  const text = readFileSync(page, 'utf8');
  writeFileSync(page, text.replace('<script>', '<script>alert(1);'));
  const { exitCode, stderr } = await resumeproof(scratch, ['review', '--no-open']);
  writeFileSync(page, text);
  expect(`${exitCode} ${stderr}`).toMatch(
    /^2 resumeproof: reports\/\S+\/index\.html is not as this version of resumeproof writes it; /,
  );
});

describe('approve --accepted', () => {
  const approve = (...args: string[]) => resumeproof(scratch, ['approve', ...args]);
  const review = ['voice', 'broken'].reduce(
    (all, scenario) => withChange(all, { scenario, decision: 'accepted', note: '' }),
    emptyReview('2026-01-01T00:00:00.000Z'),
  );

  test('takes what was accepted, and says that a refuted resume stays refuted', async () => {
    const saved = path.join(scratch, 'saved.json');
    writeFileSync(saved, JSON.stringify({ ...review, startedAt }));
    const { exitCode, stdout } = await approve('--accepted', saved);
    expect(stdout).toMatch(
      /^✓ broken: \S+baseline\.json \(its resume is refuted, and stays so\)\n✓ voice: \S+baseline\.json$/,
    );
    expect(exitCode).toBe(0);
    expect((await resumeproof(scratch, ['run', 'broken', '--backend', 'cpu'])).exitCode).toBe(1);
    rmSync(path.join(scratch, 'reports', reportsIn(path.join(scratch, 'reports'))[1]!), { recursive: true });
  });

  test('refuses a review of another report, one that accepts nothing, and one that accepts what the report lacks', async () => {
    const saved = path.join(scratch, 'saved.json');
    writeFileSync(saved, JSON.stringify(review));
    expect((await approve('--accepted', saved)).stderr).toMatch(
      /^resumeproof: saved\.json reviews the run of 2026-01-01T00:00:00\.000Z, but this report is of /,
    );
    writeFileSync(saved, JSON.stringify(emptyReview(startedAt)));
    const { exitCode, stderr } = await approve('--accepted', saved);
    expect(`${exitCode} ${stderr}`).toBe(
      '2 resumeproof: saved.json accepts no scenario of this report; decide with resumeproof review',
    );
    expect((await approve('--accepted', saved, '--all')).exitCode).toBe(2);
    const unknown = withChange({ ...review, startedAt }, { scenario: 'vioce', decision: 'accepted' });
    writeFileSync(saved, JSON.stringify(unknown));
    const lacking = await approve('--accepted', saved);
    expect(`${lacking.exitCode} ${lacking.stderr}`).toBe(
      "2 resumeproof: saved.json accepts 'vioce', which this report does not have; it was changed after it was written, so mend or remove it",
    );
  });
});

describe.skipIf(!hasBrowser)('in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
  });
  afterAll(() => browser?.close());

  async function opened(url: string): Promise<{ page: Page; noise: string[] }> {
    const page = await browser.newPage();
    const noise: string[] = [];
    page.on('console', (message) => noise.push(message.text()));
    page.on('pageerror', (error) => noise.push(error.message));
    await page.goto(url);
    await page.locator('.card').first().waitFor();
    return { page, noise };
  }

  test('the keyboard accepts, rejects and notes, on disk and after a reload', async () => {
    const printed = await serving(async (url) => {
      const { page, noise } = await opened(url);
      expect(await page.getByRole('status').first().innerText()).toBe(
        'Reviewed 0 of 1 that need a look. Decisions are written to review.json beside the page.',
      );
      await page.keyboard.press('/');
      // Letters that are typed decide nothing.
      await page.keyboard.type('ar');
      await page.keyboard.press('Escape');
      await page.goto(`${url}#`);
      await page.keyboard.press('j');
      await page.keyboard.press('r');
      await expect.poll(() => existsSync(file())).toBe(true);
      expect(written()).toEqual({
        format: 1,
        startedAt,
        decisions: [{ scenario: 'broken', decision: 'rejected', note: '' }],
      });
      await page.keyboard.press('Enter');
      await page.locator('.finding').first().waitFor();
      expect(await page.locator('.decide').innerText()).toContain(
        'This resume is refuted, and no decision changes that.',
      );
      await page.keyboard.press('m');
      await page.keyboard.type('<b>see</b> the ring');
      await page.keyboard.press('Escape');
      await page.keyboard.press('n');
      await page.getByRole('heading', { name: 'voice' }).waitFor();
      await page.keyboard.press('a');
      await expect
        .poll(() => written().decisions)
        .toEqual([
          { scenario: 'broken', decision: 'rejected', note: '<b>see</b> the ring' },
          { scenario: 'voice', decision: 'accepted', note: '' },
        ]);
      // A key takes its decision back.
      await page.keyboard.press('a');
      await expect.poll(() => written().decisions.length).toBe(1);
      await page.keyboard.press('a');
      await expect.poll(() => written().decisions.length).toBe(2);
      await page.reload();
      await page.getByRole('button', { name: 'Accept', pressed: true }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByLabel('Review').selectOption('rejected');
      expect(await page.locator('.card').allInnerTexts()).toEqual([
        expect.stringContaining('Note: <b>see</b> the ring'),
      ]);
      expect(noise).toEqual([]);
      await page.close();
    });
    expect(printed.split('\n').slice(2)).toEqual([
      '2 scenarios reviewed: 1 accepted, 1 rejected.',
      'To make them baselines: resumeproof approve --accepted',
    ]);
    const { stdout } = await resumeproof(scratch, ['approve', '--accepted']);
    expect(stdout).toBe('✓ voice: resumeproof-baselines/voice/cpu/baseline.json');
  });

  test('what could not be written is written with the next decision, and no tab undoes another', async () => {
    rmSync(file());
    await serving(async (url) => {
      const [one, other] = [await opened(url), await opened(url)];
      await one.page.keyboard.press('n');
      await one.page.keyboard.press('m');
      await one.page.keyboard.type('seen');
      await expect.poll(() => existsSync(file())).toBe(true);
      await other.page.keyboard.press('n');
      await other.page.keyboard.press('r');
      await expect
        .poll(() => written().decisions)
        .toEqual([{ scenario: 'broken', decision: 'rejected', note: 'seen' }]);
      await other.page.close();
      writeFileSync(file(), '{}');
      await one.page.keyboard.press('Escape');
      await one.page.keyboard.press('a');
      await one.page.getByRole('alert').waitFor();
      rmSync(file());
      await one.page.keyboard.press('n');
      await one.page.keyboard.press('r');
      await expect
        .poll(() => existsSync(file()) && written().decisions)
        .toEqual([
          { scenario: 'broken', decision: 'accepted', note: '' },
          { scenario: 'voice', decision: 'rejected', note: '' },
        ]);
      await one.page.getByRole('alert').waitFor({ state: 'detached' });
      await one.page.close();
    });
    rmSync(file());
  });

  test('a page without its server keeps what was decided, and says that it is not on disk', async () => {
    let page!: Page;
    await serving(async (url) => {
      ({ page } = await opened(url));
    });
    await page.keyboard.press('j');
    await page.keyboard.press('a');
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').innerText()).toMatch(
      /^Not written: the server does not answer\. Save the decisions as a file, /,
    );
    expect(await page.locator('.card .chip').allInnerTexts()).toEqual(['not as expected', 'accepted']);
    await page.close();
  });

  test('a page on its own saves what was decided as a file, which approve takes', async () => {
    const { page, noise } = await opened(pathToFileURL(path.join(report, 'index.html')).href);
    expect(await page.getByRole('button', { name: 'Save decisions' }).count()).toBe(0);
    await page.keyboard.press('n');
    await page.keyboard.press('a');
    await page.keyboard.press('Escape');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save decisions' }).click(),
    ]);
    const saved = path.join(scratch, 'from-page.json');
    await download.saveAs(saved);
    const { stdout } = await resumeproof(scratch, ['approve', '--accepted', saved]);
    expect(stdout).toMatch(/^✓ broken: .*\(its resume is refuted, and stays so\)$/);
    expect(noise).toEqual([]);
    await page.close();
  });
});
