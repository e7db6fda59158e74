/** How the words of a command are read, and how what it saved is found again. */

import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { historyOf } from '../trace/history.ts';
import { checkpointAt, readSaves, stepsLate, strayAt } from './command-saves.ts';
import { checkCommand, filled, wordsOf } from './command-words.ts';
import { planScenario, type ScenarioFacts } from './scenario.ts';

let scratch: string;
beforeAll(() => {
  scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'resumeproof-command-')));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('a line of arguments', () => {
  test.each([
    ['--resume {checkpoint}', ['--resume', '{checkpoint}']],
    ['  a\tb\n', ['a', 'b']],
    [`--dir 'my run'/"the \\"best\\""`, ['--dir', 'my run/the "best"']],
    [String.raw`a\ b '\c' ''`, ['a b', String.raw`\c`, '']],
    ['', []],
  ])('%j is split as a shell splits it', (line, words) => {
    expect(wordsOf(line)).toEqual(words);
  });

  test.each(["it's", 'a "b', 'a\\'])('%j is refused, because it does not end', (line) => {
    expect(() => wordsOf(line)).toThrow(`a quote does not end in: ${line}`);
  });
});

test('placeholders are filled in, and what the program means by braces stays', () => {
  const places = { run: '/r', own: '/o', here: '/h', checkpoint: '/r/c', step: '6' };
  expect(filled('{run}/{epoch}-{step} {own} {here} {checkpoint} {"a": 1}', places)).toBe(
    '/r/{epoch}-6 /o /h /r/c {"a": 1}',
  );
});

describe('a scenario with a command', () => {
  const scenario = (more: object, command: object = {}): ScenarioFacts => ({
    about: 'a program',
    plan: { steps: 12, resumeAt: [4] },
    command: { program: 'train', args: ['{run}'], ...command },
    ...more,
  });
  const plan = (facts: ScenarioFacts) => planScenario('one', 'one.ts', facts);

  test('is planned', () => {
    expect(plan(scenario({})).history).toEqual(historyOf({ steps: 12, resumeAt: [4] }));
    const own = { args: ['train.py'], cwd: '{run}', resumeWith: ['{checkpoint}', '{step}'] };
    expect(() => plan(scenario({}, own))).not.toThrow();
  });

  test.each([
    ['has processes that share a folder', {}, { args: ['out'] }, /\{run\} stands nowhere in the command/],
    [
      'names a checkpoint from the start',
      {},
      { args: ['{run}', '{checkpoint}'] },
      /\{checkpoint\}: .* known only where a process resumes/,
    ],
    ['has a grace after no signal', {}, { stop: 'exit', grace: 5 }, /a grace follows SIGTERM/],
    [
      'is resumed after its end',
      { plan: { steps: 4, resumeAt: [6] } },
      {},
      /ascending resume points from 1 to 4, received 6/,
    ],
    [
      'is resumed where nothing follows',
      { plan: { steps: 6, resumeAt: [4, 6] } },
      {},
      /expected steps after the last resume; received 6 steps, resumed after 4, 6/,
    ],
    [
      'declares what only a trainer can',
      { deviates: ['random'] },
      {},
      /deviates does not apply to a command/,
    ],
    ['resumes elsewhere', { resumeOn: 'cpu' }, {}, /resumeOn does not apply to a command/],
  ])('is refused if it %s', (_, more, command, message) => {
    expect(() => plan(scenario(more, command))).toThrow(message);
  });

  test('may find its checkpoint by its folder alone', () => {
    expect(() => checkCommand({ program: 'a', args: [], resumeWith: ['{run}'] }, 'a')).not.toThrow();
  });
});

describe('what a program saved', () => {
  const write = (...parts: string[]): { path: string; inode: string } => {
    const file = path.join(scratch, ...parts);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, parts.join());
    return { path: file, inode: String(statSync(file, { bigint: true }).ino) };
  };
  const run = () => path.join(scratch, 'run');

  test('is a file, or the folder of several, of the step that is asked for', () => {
    const saves = [
      { step: 2, files: [write('run', 'step-2.pt')] },
      { step: 4, files: [write('run', 'at', '4', 'model'), write('run', 'at', '4', 'state', 'optimizer')] },
    ];
    expect(checkpointAt(saves, 2, run())).toBe(path.join(run(), 'step-2.pt'));
    expect(checkpointAt(saves, 4, run())).toBe(path.join(run(), 'at', '4'));
    expect(checkpointAt(saves, 6, run())).toBeUndefined();
  });

  test('is found where it, or its folder, was moved', () => {
    const files = [write('run', 'tmp-6', 'model'), write('run', 'tmp-6', 'optimizer')];
    renameSync(path.join(run(), 'tmp-6'), path.join(run(), 'done-6'));
    expect(checkpointAt([{ step: 6, files }], 6, run())).toBe(path.join(run(), 'done-6'));
    const elsewhere = write('elsewhere', 'model');
    renameSync(elsewhere.path, path.join(run(), 'model'));
    expect(checkpointAt([{ step: 8, files: [elsewhere] }], 8, run())).toBe(path.join(run(), 'model'));
    expect(strayAt([{ step: 8, files: [elsewhere] }], 8, run(), 'none')).toBeUndefined();
  });

  test('is not another file of the same name', () => {
    const old = write('run', 'latest');
    rmSync(old.path);
    const kept = write('run', 'kept');
    write('run', 'latest');
    const found = checkpointAt([{ step: 9, files: [{ ...old, inode: '1' }, kept] }], 9, run());
    expect(found).toBe(kept.path);
  });

  test('is what it saved last, if it saved again when it was asked to end', () => {
    const saves = [
      { step: 4, files: [write('run', 'step-4')] },
      { step: 4, files: [write('run', 'ended')], late: true, trainedOn: 0 },
    ];
    expect(checkpointAt(saves, 4, run())).toBe(path.join(run(), 'ended'));
    expect(stepsLate(saves)).toBe(0);
    expect(stepsLate([...saves, { step: 4, files: [], late: true, trainedOn: 2 }])).toBe(2);
  });

  test('strays if it lies in no folder of the process', () => {
    const outside = write('outside', 'model');
    expect(strayAt([{ step: 4, files: [outside] }], 4, run(), 'none')).toBe(outside.path);
    expect(strayAt([{ step: 4, files: [outside] }], 4, run(), path.dirname(outside.path))).toBeUndefined();
    expect(strayAt([{ step: 4, files: [] }], 4, run(), 'none')).toBeUndefined();
  });

  test('is read line by line, without a line that is cut off', () => {
    const file = path.join(scratch, 'saves.jsonl');
    writeFileSync(file, '{"step":4,"files":[{"path":"/a"}]}\n{"step":"6"}\n{"step":8,"fil');
    expect(readSaves(file)).toEqual([{ step: 4, files: [{ path: '/a' }] }]);
    expect(readSaves(path.join(scratch, 'none'))).toEqual([]);
  });
});
