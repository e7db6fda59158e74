/** Runs that are split over several machines, and joined again. */
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentsOf } from './testing/contents.ts';
import { fixtures, reportsIn, resumeproof } from './testing/start.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await realpath(await mkdtemp(path.join(tmpdir(), 'resumeproof-shards-')));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const fixture = (name: string): string => JSON.stringify(path.join(fixtures, `${name}.ts`));
const at = (...parts: string[]): string => path.join(scratch, ...parts);
const read = (file: string): string => readFileSync(file, 'utf8');

/** The only folder below one. */
function onlyIn(folder: string): string {
  const found = reportsIn(at(folder));
  expect(found, folder).toHaveLength(1);
  return at(folder, found[0]!);
}

describe('run', () => {
  beforeAll(async () => {
    mkdirSync(at('scenarios'));
    const scenarios = {
      'b-known': `export { default } from ${fixture('scenarios/accumulated-gradients-forgotten')};`,
      'a-healthy': `export { default } from './_parts/loop.ts';`,
      'd-voice': `export { default } from ${fixture('sampled-scenarios/voice')};`,
      'c-skipped': `export { default } from ${fixture('broken-scenarios/missing-kernel')};`,
    };
    for (const [name, code] of Object.entries(scenarios)) writeFileSync(at('scenarios', `${name}.ts`), code);
    mkdirSync(at('scenarios', '_parts'));
    writeFileSync(
      at('scenarios', '_parts', 'loop.ts'),
      `export { default } from ${fixture('scenarios/healthy')};`,
    );
    const whole = await resumeproof(scratch, [...RUN, '--reports', 'whole']);
    expect(whole.exitCode, whole.stderr).toBe(0);
    // The fifth has nothing to do, and the third has only what this backend skips.
    for (const [shard, code] of [0, 0, 1, 0, 1].entries()) {
      const own = await resumeproof(scratch, [
        ...RUN,
        '--shard',
        `${shard + 1}/5`,
        '--reports',
        `shards/${shard + 1}`,
      ]);
      expect(own.exitCode, own.stderr).toBe(code);
      if (shard === 4)
        expect(own.stderr).toContain('shard 5 of 5 has nothing to prove: use at most 4 shards');
    }
  });
  // In another order than the alphabet's, by which they are dealt.
  const RUN = ['run', 'd-voice', 'b-known', 'c-skipped', 'a-healthy', '--backend', 'cpu'];

  test('the merged report equals that of the whole run, apart from times', async () => {
    const { exitCode, stdout, stderr } = await resumeproof(scratch, [
      'merge',
      'shards',
      '--reports',
      'merged',
    ]);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toContain('Passed: 2 scenarios proven, 1 known fault caught as expected and 1 skipped.');
    const [whole, merged] = [contentsOf(onlyIn('whole')), contentsOf(onlyIn('merged'))];
    expect([...merged.keys()]).toEqual([...whole.keys()]);
    expect(merged).toEqual(whole);
    expect(JSON.stringify(merged.get('index.html'))).toContain('data:audio/wav;base64,');
    const gate = JSON.parse(read(path.join(onlyIn('merged'), 'verdict.json')));
    const parts = globSync(at('shards/*/*/verdict.json')).map((file) => JSON.parse(read(file)));
    expect(gate.startedAt).toBe(parts.map(({ startedAt }) => startedAt).toSorted()[0]);
    expect(gate.seconds).toBeCloseTo(parts.reduce((sum, { seconds }) => sum + seconds, 0));
  });

  test('a failure in a shard fails the whole', async () => {
    writeFileSync(
      at('fails.ts'),
      `import own from ${fixture('scenarios/accumulated-gradients-forgotten')};
export default { ...own, expect: 'proven' };`,
    );
    const FAILING = ['run', 'a-healthy', 'fails.ts', '--backend', 'cpu'];
    for (const shard of ['1/2', '2/2'])
      await resumeproof(scratch, [...FAILING, '--shard', shard, '--reports', 'failing']);
    const { exitCode, stdout } = await resumeproof(scratch, [
      'merge',
      'failing',
      '--json',
      '--reports',
      'failed',
    ]);
    expect(exitCode).toBe(1);
    const gate = JSON.parse(stdout);
    expect(gate).toMatchObject({ passed: false, verdicts: [{ asExpected: true }, { asExpected: false }] });
    expect(read(gate.report.junit)).toContain(' failures="1"');
  });

  /** Copies the shards, changes something, and says how `merge` refuses them. */
  async function refusal(name: string, change: (folder: string) => unknown): Promise<string> {
    const own = path.join('changed', name);
    cpSync(at('shards'), at(own), { recursive: true });
    await change(own);
    const { exitCode, stdout, stderr } = await resumeproof(scratch, ['merge', own, '--reports', 'refused']);
    expect(exitCode, stdout).toBe(2);
    expect(globSync(at('refused', '*'))).toEqual([]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    return stderr.replaceAll(at(own), '').replaceAll(/\d{4}-[\dT-]+-cpu/g, 'cpu');
  }
  const edit = (pattern: string, text: (before: string) => string): void => {
    const [file] = globSync(at(pattern));
    writeFileSync(file!, text(read(file!)));
  };
  const json = (pattern: string, change: (value: ReturnType<typeof JSON.parse>) => void): void =>
    edit(pattern, (before) => {
      const value = JSON.parse(before);
      change(value);
      return JSON.stringify(value);
    });

  test.each<[string, (own: string) => unknown, RegExp]>([
    ['missing', (own) => rmSync(at(own, '4'), { recursive: true }), /: shard 4 of 5 is missing$/m],
    [
      'two missing',
      (own) => {
        for (const index of ['2', '4']) rmSync(at(own, index), { recursive: true });
      },
      /: shards 2 and 4 of 5 are missing$/m,
    ],
    [
      'twice',
      (own) => cpSync(at(own, '1'), at(own, 'again'), { recursive: true }),
      /: shard 1 of 5 is there twice: in \/1\/.* and in \/again\//,
    ],
    [
      'interrupted',
      (own) => json(`${own}/2/*/shard.json`, (record) => Object.assign(record, { interrupted: true })),
      /: shard 2 of 5 in .* was interrupted: run it again$/m,
    ],
    [
      'version',
      (own) => json(`${own}/2/*/shard.json`, (record) => Object.assign(record, { version: '9.0.0' })),
      /shard\.json: resumeproof 9\.0\.0 wrote it, and this is \d/,
    ],
    [
      'format',
      (own) => json(`${own}/2/*/shard.json`, (record) => Object.assign(record, { format: 2 })),
      /it has format 2 instead of 1/,
    ],
    [
      'backend',
      (own) =>
        json(`${own}/3/*/shard.json`, ({ options }) => Object.assign(options, { '--backend': 'wasm' })),
      /shard 3 of 5 in .* is of another run than shard 1 of 5 in .*: --backend is wasm instead of cpu$/m,
    ],
    [
      'option',
      (own) => json(`${own}/3/*/shard.json`, ({ options }) => Object.assign(options, { '--steps': '9' })),
      /: --steps is 9 instead of not given$/m,
    ],
    [
      'cases',
      (own) => json(`${own}/5/*/shard.json`, ({ cases }) => cases.splice(0, 1, 'd-noise')),
      /: it has no d-voice$/m,
    ],
    [
      'own',
      (own) => json(`${own}/2/*/shard.json`, (record) => Object.assign(record, { own: ['d-voice'] })),
      /its cases are not those that this shard has of the whole run/,
    ],
    [
      'command',
      (own) => json(`${own}/3/*/shard.json`, (record) => Object.assign(record, { command: 'mutants' })),
      /: it ran mutants instead of run$/m,
    ],
    [
      'verdict of another',
      (own) =>
        json(`${own}/2/*/verdict.json`, ({ verdicts }) => Object.assign(verdicts[0], { scenario: 'x' })),
      /verdict\.json: its verdicts are not those of the scenarios of this shard/,
    ],
    [
      'forged',
      (own) =>
        json(`${own}/2/*/verdict.json`, ({ verdicts }) =>
          Object.assign(verdicts[0], { expect: 'proven', asExpected: true, mismatch: null }),
        ),
      /verdict\.json: the verdict on b-known contradicts its findings/,
    ],
    [
      'trace missing',
      (own) => rmSync(globSync(at(`${own}/1/*/a-healthy/control/trace.jsonl`))[0]!),
      /it names a-healthy\/control\/trace\.jsonl, which is missing/,
    ],
    [
      'path outside',
      (own) =>
        json(`${own}/1/*/verdict.json`, ({ verdicts }) =>
          Object.assign(verdicts[0].runs[0], { trace: 'a-healthy/../../../2/trace.jsonl' }),
        ),
      /it names a-healthy\/\.\.\/\.\..*, which is not in the folder of a-healthy/,
    ],
    [
      'link',
      (own) => {
        const [file] = globSync(at(`${own}/1/*/a-healthy/control/trace.jsonl`));
        rmSync(file!);
        symlinkSync('/etc/hostname', file!);
      },
      /it names a-healthy\/control\/trace\.jsonl, which is missing/,
    ],
    [
      'linked folder',
      (own) => {
        const [folder] = globSync(at(`${own}/1/*/a-healthy/control`));
        cpSync(folder!, at(own, 'elsewhere'), { recursive: true });
        rmSync(folder!, { recursive: true });
        symlinkSync(at(own, 'elsewhere'), folder!);
      },
      /it names a-healthy\/control\/trace\.jsonl, which is missing/,
    ],
    ['no JSON', (own) => edit(`${own}/1/*/shard.json`, () => '{'), /shard\.json: .*JSON/],
    ['deep', (own) => edit(`${own}/1/*/shard.json`, () => '['.repeat(1e6)), /nested more than 64 deep/],
    [
      'a name that leads out',
      (own) => json(`${own}/1/*/shard.json`, ({ cases }) => cases.push('../x')),
      /shard\.json: cases\.4: /,
    ],
    ['nothing', (own) => rmSync(at(own), { recursive: true }), /cannot merge changed\/nothing: ENOENT/],
  ])('%s is refused, and no report is written', async (name, change, message) => {
    expect(await refusal(name, change)).toMatch(message);
  });

  test('shards of other contents are refused, also where only an import differs', async () => {
    edit('scenarios/_parts/loop.ts', (code) => `${code}\n// Edited.\n`);
    const message = await refusal('sources', async (own) => {
      rmSync(at(own, '5'), { recursive: true });
      await resumeproof(scratch, [...RUN, '--shard', '5/5', '--reports', path.join(own, '5')]);
    });
    expect(message).toMatch(/: its scenarios or what they import have other contents$/m);
  });

  test('an interrupted shard says so', async () => {
    const started = resumeproof(scratch, [...RUN, '--shard', '1/5', '--reports', 'interrupted']);
    while (globSync(at('interrupted/*/a-healthy')).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
    started.kill('SIGINT');
    expect((await started).exitCode).toBe(130);
    expect(JSON.parse(read(globSync(at('interrupted/*/shard.json'))[0]!))).toMatchObject({
      interrupted: true,
    });
  });
});

describe('mutants', () => {
  const scenarios = ['scenarios/healthy', 'broken-scenarios/throws', 'fast/settles'].map((name) =>
    path.join(fixtures, `${name}.ts`),
  );
  const mutants = ['mutants', ...scenarios, '--faults', path.join(fixtures, 'faults'), '--backend', 'cpu'];

  test('the merged matrix equals that of the whole run, apart from times', async () => {
    const whole = await resumeproof(scratch, [...mutants, '--all-apply', '--reports', 'matrix']);
    expect(whole.exitCode, whole.stderr).toBe(1);
    for (const shard of ['2/2', '1/2'])
      await resumeproof(scratch, [...mutants, '--all-apply', '--shard', shard, '--reports', 'matrices']);
    const { exitCode, stdout } = await resumeproof(scratch, ['merge', 'matrices', '--reports', 'joined']);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('applies to no scenario here: ema-zeroed');
    expect(contentsOf(onlyIn('joined'))).toEqual(contentsOf(onlyIn('matrix')));
    const [file] = globSync(at('matrices/*-1-of-2/matrix.json'));
    expect(JSON.parse(read(file!)).problem).not.toContain('applies to no scenario');

    writeFileSync(file!, read(file!).replace('"breaks": "The weights are', '"breaks": "The weights were'));
    const other = await resumeproof(scratch, ['merge', 'matrices']);
    expect(other.exitCode).toBe(2);
    expect(other.stderr).toMatch(/its faults are not those of/);
  });

  test('a sample, which needs the results of all, is refused', async () => {
    const { exitCode, stderr } = await resumeproof(scratch, [...mutants, '--sample', '1', '--shard', '1/2']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('leave out --sample or --shard');
  });
});

describe('fuzz', () => {
  const own = [
    'fuzz',
    path.join(fixtures, 'fuzz', 'second-resume.ts'),
    '--backend',
    'cpu',
    '--max-steps',
    '4',
  ];
  const FUZZ = [...own, '--runs', '6', '--seed', '13', '--json'];
  const fuzzed = async (args: readonly string[], codes: readonly number[] = [1]) => {
    const { exitCode, stdout, stderr } = await resumeproof(scratch, args);
    expect(codes, stderr).toContain(exitCode);
    return JSON.parse(stdout);
  };

  test('three shards try what one machine tries, and find the same failures', async () => {
    const whole = await fuzzed([...FUZZ, '--reports', 'search', '--regressions', 'found-whole']);
    const regressions = ['--regressions', 'found'];
    const parts: ReturnType<typeof JSON.parse>[] = [];
    for (const shard of ['3/3', '1/3', '2/3'])
      parts.push(
        await fuzzed(
          [...FUZZ, ...regressions, '--shard', shard, '--reports', `searches/${shard[0]}`],
          [0, 1],
        ),
      );
    // The first shard also tries the scenario's own history.
    expect(parts.map(({ histories }) => histories)).toEqual([2, 3, 2]);
    const merge = ['merge', 'searches', ...regressions, '--reports', 'search-merged', '--json'];
    const merged = await fuzzed(merge);
    const same = ({ cases, kinds, proven, refuted, exhausted, seed, failures }: typeof whole) => ({
      ...{ cases, kinds, proven, refuted, exhausted, seed },
      failures: failures.map(({ rule, cause, histories, minimal, failsAlone }: (typeof failures)[0]) => ({
        ...{ rule, cause, histories, minimal, failsAlone },
      })),
    });
    expect(same(merged)).toEqual(same(whole));
    expect(merged.shrinking).toBe(parts.reduce((sum, { shrinking }) => sum + shrinking, 0));
    expect(merged.regressions).toMatchObject({ tried: 0, added: merged.failures.length });
    const [{ replay, rule }] = merged.failures;
    expect(read(merged.report)).toContain(rule);
    const again = await resumeproof(scratch, [
      ...replay.split(' ').slice(4),
      '--json',
      '--reports',
      'replayed',
    ]);
    expect(again.exitCode, `${replay}\n${again.stderr}`).toBe(1);
    expect(JSON.parse(again.stdout).verdicts[0].findings[0].rule).toBe(rule);

    type Record = ReturnType<typeof JSON.parse>;
    const damages: [string, (record: Record) => unknown, RegExp][] = [
      ['1', ({ cases }) => cases.pop(), /fuzz\.json: its histories are not those of this shard/],
      [
        '2',
        ({ cases }) => cases.push({ ...cases[0], number: undefined }),
        /1 of its histories were not drawn/,
      ],
      ['3', (record) => Object.assign(record, { drawn: 5 }), /its search is not that of .*shard-1-of-3/],
      [
        '1',
        ({ cases }) => Object.assign(cases[0].verdict, { outcome: 'refuted' }),
        /refuted without a finding/,
      ],
      ['1', ({ cases }) => Object.assign(cases[0].history, { steps: 0 }), /cases\.0\.history\.steps: /],
      ['1', ({ cases }) => cases[0].history.processes.reverse(), /fuzz\.json: a history: /],
      ...[1, 2, 3].flatMap((shard): [string, (record: Record) => unknown, RegExp][] =>
        parts[[3, 1, 2].indexOf(shard)].failures.length === 0
          ? []
          : [
              [
                `${shard}`,
                (record) => Object.assign(record, { failures: [] }),
                /it does not name a smallest history of each failure/,
              ],
              [
                `${shard}`,
                ({ failures }) => Object.assign(failures[0].again, { outcome: 'proven' }),
                /the verdict on second-resume contradicts its findings/,
              ],
              [
                `${shard}`,
                ({ failures }) =>
                  Object.assign(failures[0].again.runs[0], { trace: 'second-resume/../../x' }),
                /it names second-resume\/\.\.\/\.\.\/x, which is not in the folder of second-resume/,
              ],
            ],
      ),
    ];
    for (const [at, [shard, damage, message]] of damages.entries()) {
      const own = `damaged-${at}`;
      cpSync(path.join(scratch, 'searches'), path.join(scratch, own), { recursive: true });
      const [file] = globSync(path.join(scratch, own, shard, '*', 'fuzz.json'));
      const record = JSON.parse(read(file!));
      damage(record);
      writeFileSync(file!, JSON.stringify(record));
      const { exitCode, stderr } = await resumeproof(scratch, ['merge', own, ...regressions]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(message) });
    }

    rmSync(at('searches/2'), { recursive: true });
    const refused = await resumeproof(scratch, merge);
    expect(refused).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('shard 2 of 3 is missing'),
    });
  });

  test('shards that could draw other histories are refused', async () => {
    const refusal = async (...args: string[]): Promise<string> => {
      const { exitCode, stderr } = await resumeproof(scratch, [...own, ...args, '--shard', '1/2']);
      expect(exitCode).toBe(2);
      return stderr;
    };
    for (const args of [
      ['--runs', '4'],
      ['--seed', '1'],
      ['--runs', '4', '--seed', '1', '--time', '5s'],
    ])
      expect(await refusal(...args)).toContain('with --shard, give --seed, give --runs');
  });
});
