/** Measures the report's page: writing it from large traces, and opening it in headless Chromium. */
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import type { Verdict } from '../../harness/judge/verdict.ts';
import { finding, gate, runsOf, traceSet, verdict } from '../../harness/report/testing/build.ts';
import { openReport } from '../../harness/report/write.ts';
import type { Trace } from '../../harness/trace/schema.ts';
import { median } from './figures.ts';

export interface ReportSize {
  readonly scenarios: number;
  readonly parameters: number;
  readonly steps: number;
}

export interface ReportCost {
  readonly megabytes: number;
  /** Seconds to gather and write it, without making the traces. */
  readonly writing: number;
  /** Megabytes that the process grew by while it was written. */
  readonly memory: number;
  /** Elements of the first screen. */
  readonly nodes: number;
  /** Milliseconds until the first screen is painted, and from a click until the scenario's heat map is. */
  readonly paint: number;
  readonly opening: number;
}

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
/** One in so many scenarios is refuted. */
const RED = 10;
/** Each has a saved, a resumed and a trained image beside the control's two. */
const SAMPLES = ['cat', 'boat'];
/** Scenarios that end at once, as in a gate with two jobs. */
const JOBS = 2;

/** @throws {Error} when there is no browser */
export async function measureReport(size: ReportSize, rounds: number): Promise<ReportCost> {
  if (!existsSync(executablePath)) throw new Error(`no ${executablePath}; set CHROMIUM`);
  const folder = await mkdtemp(path.join(tmpdir(), 'resumeproof-bench-'));
  try {
    const written = await write(folder, size);
    const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
    const browser = await chromium.launch({ executablePath, args });
    try {
      const opened = [];
      for (let round = 0; round < rounds; round += 1) opened.push(await open(browser, written.file));
      return {
        megabytes: statSync(written.file).size / 1e6,
        writing: written.seconds,
        memory: written.memory,
        nodes: opened[0]!.nodes,
        paint: median(opened.map(({ paint }) => paint)),
        opening: median(opened.map(({ opening }) => opening)),
      };
    } finally {
      await browser.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function write(
  folder: string,
  { scenarios, parameters, steps }: ReportSize,
): Promise<{ file: string; seconds: number; memory: number }> {
  const plan = { steps, resumeAt: [Math.floor(steps / 2)] };
  const report = openReport(folder);
  const verdicts: Verdict[] = [];
  const before = process.memoryUsage().rss;
  let most = before;
  let seconds = 0;
  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await work();
    seconds += (performance.now() - start) / 1000;
    most = Math.max(most, process.memoryUsage().rss);
    return result;
  };
  const judged = async (at: number): Promise<[Verdict, Trace[]]> => {
    const red = at % RED === 0;
    const scenario = `scenario-${at}`;
    const own = await traceSet(folder, scenario, {
      plan,
      parameters,
      frozen: red,
      samples: SAMPLES,
      seed: at,
    });
    const found = verdict({ scenario, plan, runs: runsOf(folder, own) });
    if (!red) return [found, own];
    const headline = `Nothing moves in ${scenario}.`;
    return [
      { ...found, outcome: 'refuted', asExpected: false, headline, findings: [finding()] },
      own.map(noisy),
    ];
  };
  for (let from = 0; from < scenarios; from += JOBS) {
    const some: [Verdict, Trace[]][] = [];
    for (let at = from; at < Math.min(scenarios, from + JOBS); at += 1) some.push(await judged(at));
    await timed(() => Promise.all(some.map(([own, traces]) => report.add(own, traces))));
    verdicts.push(...some.map(([own]) => own));
  }
  const { html } = await timed(() => report.write(gate(verdicts)));
  return { file: html, seconds, memory: (most - before) / 1e6 };
}

/** Norms as of a real model, which do not compress. */
const noisy = (trace: Trace): Trace => ({
  ...trace,
  steps: trace.steps.map((step) => ({
    ...step,
    updateL2: step.updateL2.map((value) => value * (1 + Math.random())),
    l2: step.l2.map((value) => value * (1 + Math.random())),
  })),
});

async function open(
  browser: Browser,
  file: string,
): Promise<{ nodes: number; paint: number; opening: number }> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(pathToFileURL(file).href);
  await page.locator('.card').first().waitFor();
  const shown = await page.evaluate(() => ({
    nodes: document.querySelectorAll('*').length,
    paint: performance.getEntriesByName('first-contentful-paint')[0]!.startTime,
  }));
  const opening = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const start = performance.now();
        const look = (): void => {
          const canvas = document.querySelector<HTMLCanvasElement>('.heat canvas');
          if (canvas !== null && canvas.height > 0 && canvas.style.height !== '')
            requestAnimationFrame(() => resolve(performance.now() - start));
          else requestAnimationFrame(look);
        };
        document.querySelector<HTMLAnchorElement>('.card a')!.click();
        look();
      }),
  );
  await context.close();
  return { ...shown, opening };
}
