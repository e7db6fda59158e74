/** What `resumeproof init` writes, as text. */
import { scenarioSource } from '../run/scenario-file.ts';
import type { CommandScenario } from '../training/trainer.ts';
import type { PackageManager } from './package-manager.ts';

/** A small model of TensorFlow.js, to be replaced by the user's. */
export const TFJS_SCENARIO = `import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { defineScenario, layersTrainer } from 'resumeproof';

export default defineScenario({
  about: 'My model, trained by fit',
  // Train 10 steps, and also save after step 5, stop, and resume in another process.
  plan: { steps: 10, resumeAt: 5 },
  lacks: ['hooks', 'samples'],
  trainer: (context) =>
    layersTrainer(context, {
      // Replace this by your model, and the loop by your training.
      build() {
        const model = sequential({ layers: [layers.dense({ units: 1, inputShape: [3] })] });
        model.compile({ optimizer: tf.train.adam(0.01), loss: 'meanSquaredError' });
        return model;
      },
      loop: (model) =>
        model.fit(tf.randomUniform([32, 3], 0, 1, 'float32', context.seed), tf.ones([32, 1]), {
          batchSize: 8,
          epochs: 3,
          shuffle: false,
        }),
      // To prove your own save and load, give them here: files: { save, load }.
    }),
});
`;

/** A scenario with the program's command. */
export const commandScenario = (
  scenario: CommandScenario,
): string => `// Each process of the program works in a folder of its own, {run}. {here} is the folder that resumeproof starts in.
// If a resume needs arguments, add resumeWith: ['--resume', '{checkpoint}'].
${scenarioSource(scenario)}`;

/** Lines that Git is to ignore. */
export const IGNORED = ['node_modules/', 'reports/'];

export const SCRIPT = 'resumeproof run';

/** By `--ci`: the file, and its text. */
export const CI = {
  github: {
    file: '.github/workflows/resume.yml',
    text: (run: string, manager: PackageManager): string => `name: resume
on: [push, pull_request]

jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v7
${manager.name === 'npm' ? '' : '      - run: corepack enable\n'}      - uses: actions/setup-node@v7
        with:
          node-version: 22
          cache: ${manager.name}
      - run: ${manager.clean}
      - run: ${manager.exec} ${run}
      # A failed gate is when the report is needed most.
      - uses: actions/upload-artifact@v7
        if: always()
        with:
          name: report
          path: reports/
          if-no-files-found: error
      - uses: actions/upload-artifact@v7
        if: always()
        with:
          name: junit
          path: reports/**/junit.xml
          if-no-files-found: error
`,
  },
  gitlab: {
    file: '.gitlab-ci.yml',
    text: (run: string, manager: PackageManager): string => `resume:
  image: node:22
  script:
${manager.name === 'npm' ? '' : '    - corepack enable\n'}    - ${manager.clean}
    - ${manager.exec} ${run} --reporter junit=junit.xml
  artifacts:
    # A failed gate is when the report is needed most.
    when: always
    paths:
      - reports/
    reports:
      junit: junit.xml
`,
  },
} as const satisfies Record<string, { file: string; text: (run: string, manager: PackageManager) => string }>;

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A package.json with what is missing. What is there stays, the indent too.
 * @param text undefined if there is none
 * @param dependencies versions by package
 * @returns undefined if nothing is missing
 * @throws {SyntaxError} when it is no JSON
 */
export function completed(
  text: string | undefined,
  name: string,
  dependencies: Readonly<Record<string, string>>,
): string | undefined {
  const before: unknown =
    text === undefined
      ? { name, private: true, type: 'module', engines: { node: '>=22.18' } }
      : JSON.parse(text);
  if (!isObject(before)) throw new SyntaxError('it holds no object');
  const own = (key: string): Json => (isObject(before[key]) ? before[key] : {});
  const scripts = { ...own('scripts') };
  scripts.resume ??= SCRIPT;
  const listed = { ...own('peerDependencies'), ...own('devDependencies'), ...own('dependencies') };
  const missing = Object.entries(dependencies).filter(([one]) => !(one in listed));
  const after = {
    ...before,
    scripts,
    ...(missing.length === 0
      ? {}
      : { dependencies: { ...own('dependencies'), ...Object.fromEntries(missing) } }),
  };
  const indent = /^\{\r?\n([ \t]+)"/.exec(text ?? '')?.[1] ?? '  ';
  const done = `${JSON.stringify(after, null, indent)}\n`;
  return text !== undefined && JSON.stringify(before) === JSON.stringify(after) ? undefined : done;
}

/** A .gitignore with the lines that are missing; undefined if none is. */
export function ignoring(text: string | undefined): string | undefined {
  const lines = new Set((text ?? '').split(/\r?\n/).map((line) => line.trim().replace(/^\/|\/$/g, '')));
  const missing = IGNORED.filter((line) => !lines.has(line.replace(/\/$/, '')));
  if (missing.length === 0) return undefined;
  const before = text === undefined || text === '' || text.endsWith('\n') ? (text ?? '') : `${text}\n`;
  return `${before}${missing.join('\n')}\n`;
}
