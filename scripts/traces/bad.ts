/** Damaged cases: each is a good one in which one thing is wrong, with what must be said of it. */
import type { Said } from './good.ts';
import type { Line } from './record.ts';

/** The lines of each file, which a damage changes in place. Lines count from 1, as in an editor. */
export class Files {
  readonly lines: Record<string, string[]>;

  constructor(texts: Readonly<Record<string, string>>) {
    this.lines = Object.fromEntries(
      Object.entries(texts).map(([file, text]) => [file, text.trimEnd().split('\n')]),
    );
  }

  /** Replaces text in a line. */
  text(file: string, line: number, old: string, now: string): this {
    const own = this.#of(file);
    if (!own[line - 1]?.includes(old)) throw new Error(`${file}:${line} does not hold ${old}`);
    own[line - 1] = own[line - 1]!.replace(old, () => now);
    return this;
  }

  /** Changes the record in a line. */
  record(file: string, line: number, change: Change): this {
    const own = this.#of(file);
    const record = JSON.parse(own[line - 1]!) as Line;
    change(record);
    own[line - 1] = JSON.stringify(record);
    return this;
  }

  /** Changes every record that has these fields, in some files. */
  each(files: readonly string[], fields: Line, change: Change): this {
    let found = false;
    for (const file of files)
      for (const [at, line] of this.#of(file).entries()) {
        const record = JSON.parse(line) as Line;
        if (!Object.entries(fields).every(([field, value]) => record[field] === value)) continue;
        found = true;
        this.record(file, at + 1, change);
      }
    if (!found) throw new Error(`no record of ${files} has ${JSON.stringify(fields)}`);
    return this;
  }

  drop(file: string, line: number): this {
    this.#of(file).splice(line - 1, 1);
    return this;
  }

  /** Puts a line before another. */
  insert(file: string, line: number, text: string | Line): this {
    this.#of(file).splice(line - 1, 0, typeof text === 'string' ? text : JSON.stringify(text));
    return this;
  }

  move(file: string, from: number, to: number): this {
    const [line] = this.#of(file).splice(from - 1, 1);
    return this.insert(file, to, line!);
  }

  repeat(file: string, line: number): this {
    return this.insert(file, line + 1, this.#of(file)[line - 1]!);
  }

  #of(file: string): string[] {
    const own = this.lines[`${file}.jsonl`];
    if (own === undefined) throw new Error(`there is no ${file}`);
    return own;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a damage writes what no type allows
type Change = (record: any) => void;

export interface BadCase extends Said {
  readonly name: string;
  readonly teaches: string;
  /** The good case that is damaged; `smallest` by default. */
  readonly of?: string;
  readonly damage: (files: Files) => unknown;
  /** What the reader must say of a file, with the line that it names. */
  readonly defect?: readonly [file: string, line: number | null, reason: string];
  /** The history that the traces are judged by, if it is not what they tell. */
  readonly history?: unknown;
}

const found = (rule: string, headline: string): Said => ({
  outcome: 'inconclusive',
  rules: [rule],
  headline,
});
const contradicts = (headline: string) => found('traces-contradict', headline);

/** A damage that the reader finds. */
function unreadable(
  name: string,
  teaches: string,
  [file, line, reason]: readonly [string, number | null, string],
  damage: BadCase['damage'],
  said: Partial<Said> = {},
): BadCase {
  return {
    name,
    teaches,
    damage,
    defect: [file, line, reason],
    ...found('trace-incomplete', reason),
    ...said,
  };
}

/** Where reading stops before a state, or before the first step, that is missed too. */
const NO_STATE = { rules: ['trace-incomplete', 'state-missing'] };
const NO_STEP = { rules: ['trace-incomplete', 'state-missing', 'nothing-observed'] };

const DEEP = `${'['.repeat(65)}${']'.repeat(65)}`;
const CONTENTS = { kind: 'checkpoint', checkpoint: 'step-1', room: 0, tensors: [], counters: {}, random: {} };
const FAILURE = { kind: 'failure', code: 'error', step: 1, message: 'index 3 is out of range' };

const UNREADABLE: readonly BadCase[] = [
  unreadable(
    'not-json',
    'A line that is not JSON.',
    ['control', 4, 'is not JSON (truncated?)'],
    (files) => files.insert('control', 4, 'Traceback (most recent call last):'),
    NO_STEP,
  ),
  unreadable(
    'torn-line',
    'A record of which only a part was written.',
    ['control', 6, 'is not JSON (truncated?)'],
    (files) => files.text('control', 6, files.lines['control.jsonl']![5]!.slice(100), ''),
    NO_STATE,
  ),
  unreadable(
    'bare-nan',
    'NaN without quotes, as `json.dumps` of Python writes it.',
    ['before', 4, 'has NaN or an infinity without quotes'],
    (files) => files.text('before', 4, '"loss":12.5', '"loss":NaN'),
    NO_STATE,
  ),
  unreadable(
    'duplicate-key',
    'An object with the same key twice.',
    ['before', 4, 'has duplicate key "seconds"'],
    (files) => files.text('before', 4, '"seconds":0.004', '"seconds":0.004,"seconds":0.005'),
    NO_STATE,
  ),
  unreadable(
    'key-that-readers-lose',
    'The key `__proto__`, which some readers drop.',
    ['before', 5, 'has key "__proto__"'],
    (files) => files.text('before', 5, '"counters":{', '"counters":{"__proto__":1,'),
    NO_STATE,
  ),
  unreadable(
    'nested-too-deep',
    'Values nested more than 64 deep, in a field of your own.',
    ['control', 4, 'has values nested more than 64 deep'],
    (files) => files.text('control', 4, '"step":1', `"note":${DEEP},"step":1`),
    NO_STEP,
  ),
  unreadable(
    'unknown-kind',
    'A record of a kind that the format does not have.',
    ['control', 4, 'is not a trace record: kind: '],
    (files) => files.insert('control', 4, { kind: 'loss', step: 1 }),
    NO_STEP,
  ),
  unreadable(
    'newer-format',
    'A format newer than the reader: the file says so, and is not guessed at.',
    ['after-1', 1, 'has trace format 3, newer than 2; use a newer resumeproof'],
    (files) => files.text('after-1', 1, '"format":2', '"format":3'),
  ),
  unreadable(
    'missing-field',
    'A record without a field that is required.',
    ['before', 6, 'is not a trace record: bytes is missing'],
    (files) => files.text('before', 6, ',"bytes":372280', ''),
  ),
  unreadable(
    'short-digest',
    'A digest of 32 bits: at least 64 are needed.',
    [
      'before',
      5,
      'is not a trace record: tensors.0.digest: expected 16 to 64 hexadecimal digits in lower case',
    ],
    (files) =>
      files.record('before', 5, (state) => {
        state.tensors[0].digest = state.tensors[0].digest.slice(0, 8);
      }),
    NO_STATE,
  ),
  unreadable(
    'negative-norm',
    'A norm below zero.',
    ['control', 4, 'is not a trace record: l2.0: '],
    (files) => files.text('control', 4, '"l2":[2.5]', '"l2":[-2.5]'),
    NO_STEP,
  ),
  unreadable(
    'loss-as-text',
    'A loss that is written as a text.',
    [
      'control',
      4,
      'is not a trace record: claimed.loss: expected a number, or "NaN", "Infinity" or "-Infinity"',
    ],
    (files) => files.text('control', 4, '"loss":12.5', '"loss":"12.5"'),
    NO_STEP,
  ),
  unreadable(
    'checkpoint-with-a-path',
    'A checkpoint named by a path: an id has letters, digits, dots, dashes and underscores.',
    [
      'before',
      6,
      'is not a trace record: checkpoint: expected 1 to 64 letters, digits, dots, dashes and underscores',
    ],
    (files) => files.text('before', 6, '"step-1"', '"runs/step-1"'),
  ),
  unreadable(
    'counter-that-is-a-list',
    'A counter that is a list: one is a number, a text, true, false or null.',
    ['before', 5, 'is not a trace record: counters.step: expected a number, text, true, false or null'],
    (files) => files.text('before', 5, '"counters":{"step":1}', '"counters":{"step":[1]}'),
    NO_STATE,
  ),
  unreadable(
    'column-too-short',
    'A column of a step without an entry for each parameter.',
    ['control', 4, "is step 1, whose column 'updates' is 0 long instead of 1"],
    (files) => files.text('control', 4, '"updates":[1]', '"updates":[]'),
    NO_STEP,
  ),
  unreadable(
    'steps-before-parameters',
    'A step before the names of its columns.',
    ['control', 3, 'is step 1 before the first parameters record'],
    (files) => files.move('control', 3, 4),
    NO_STEP,
  ),
  unreadable(
    'names-without-groups',
    'Names and groups that differ in length.',
    ['control', 3, 'names and groups differ in length'],
    (files) => files.text('control', 3, '"groups":["all"]', '"groups":[]'),
    NO_STEP,
  ),
  unreadable(
    'parameter-twice',
    'A parameter with two columns.',
    ['control', 3, 'names a parameter twice'],
    (files) =>
      files.text(
        'control',
        3,
        '"names":["weight"],"groups":["all"]',
        '"names":["weight","weight"],"groups":["all","all"]',
      ),
    NO_STEP,
  ),
  unreadable(
    'step-jumps',
    'A step that is left out.',
    ['control', 4, 'is step 2, but step 1 comes next'],
    (files) => files.drop('control', 4).drop('control', 4),
    NO_STEP,
  ),
  unreadable(
    'state-of-another-step',
    'A state that is written at another step than its own.',
    ['control', 4, "is the state 'pass' of step 1 after step 0"],
    (files) => files.move('control', 5, 4),
    NO_STEP,
  ),
  unreadable(
    'resume-state-after-training',
    'The state at the resume, written after a step.',
    ['after-1', 5, "is the state 'resume' of step 2 after the first step"],
    (files) =>
      files.move('after-1', 3, 5).record('after-1', 5, (state) => {
        state.step = 2;
      }),
    NO_STATE,
  ),
  unreadable(
    'state-twice',
    'Two states of one moment.',
    ['before', 6, "is a second state 'save' of step 1"],
    (files) => files.repeat('before', 5),
  ),
  unreadable(
    'tensor-twice',
    'A state that holds a tensor twice.',
    ['before', 5, "is a state that holds parameter 'weight' twice"],
    (files) => files.record('before', 5, ({ tensors }) => tensors.push(tensors[0])),
    NO_STATE,
  ),
  unreadable(
    'second-run-record',
    'A second run record, as when two processes write one file.',
    ['before', 2, 'is a second run record'],
    (files) => files.repeat('before', 1),
    NO_STATE,
  ),
  unreadable(
    'run-record-late',
    'A record before the run record.',
    ['before', 1, 'comes before the run record'],
    (files) => files.move('before', 2, 1),
    NO_STATE,
  ),
  unreadable(
    'resumed-missing',
    'A process that resumes and does not say from where.',
    ['after-1', 2, 'is a state record before the resumed record'],
    (files) => files.drop('after-1', 2),
  ),
  unreadable(
    'resumed-twice',
    'A process that resumes from two checkpoints.',
    ['after-1', 3, 'is a second resumed record'],
    (files) => files.repeat('after-1', 2),
    { rules: ['trace-incomplete', 'state-missing', 'nothing-after-resume'] },
  ),
  unreadable(
    'resumed-in-before',
    'A process that starts from nothing and says that it resumed.',
    ['before', 2, "is a resumed record in a process of the role 'before'"],
    (files) => files.insert('before', 2, files.lines['after-1.jsonl']![1]!),
    NO_STATE,
  ),
  unreadable(
    'checkpoint-name-twice',
    'Two checkpoints of one name.',
    ['before', 7, "is a second checkpoint named 'step-1'"],
    (files) => files.repeat('before', 6),
  ),
  unreadable(
    'contents-of-no-checkpoint',
    'A record of what is in a checkpoint that was not saved.',
    ['before', 6, "tells what is in the checkpoint 'step-1', which was not saved before"],
    (files) => files.insert('before', 6, CONTENTS),
  ),
  unreadable(
    'contents-twice',
    'Two records of what is in one checkpoint.',
    ['before', 8, "tells a second time what is in the checkpoint 'step-1'"],
    (files) => files.insert('before', 7, CONTENTS).insert('before', 8, CONTENTS),
  ),
  unreadable(
    'checkpoint-of-one-step-twice',
    'Two checkpoints of one step.',
    ['before', 7, 'is a second checkpoint of step 1'],
    (files) => files.repeat('before', 6).text('before', 7, '"step-1"', '"step-1b"'),
  ),
  unreadable(
    'checkpoint-of-another-step',
    'A checkpoint of a step that is not the last one.',
    ['before', 6, 'is a checkpoint of step 2 after step 1'],
    (files) => files.text('before', 6, '"step":1', '"step":2'),
  ),
  unreadable(
    'step-after-the-end',
    'A step after the state at the end.',
    ['control', 7, 'is step 2 after the run had ended'],
    (files) =>
      files
        .record('control', 5, (state) => {
          state.at = 'end';
        })
        .move('control', 7, 6)
        .record('control', 6, (state) => {
          state.at = 'pass';
          state.step = 1;
        }),
    NO_STATE,
  ),
  unreadable(
    'end-at-another-step',
    'An end record that tells another step than the last one.',
    ['control', 8, 'ends at step 3 after step 2'],
    (files) => files.text('control', 8, '"step":2', '"step":3'),
  ),
  unreadable(
    'record-after-the-end',
    'A record after the end record.',
    ['control', 8, 'is a state record after the end record'],
    (files) => files.move('control', 8, 7),
    NO_STATE,
  ),
  unreadable(
    'record-after-the-process-record',
    'A process that wrote on after its parent saw it end.',
    ['control', 9, 'is an end record after the process record'],
    (files) => files.move('control', 9, 8),
  ),
  unreadable(
    'without-end',
    'A trace that ends without an `end` record, though nobody ended the process.',
    ['control', null, 'ends before the run did, without an end record'],
    (files) => files.drop('control', 8),
  ),
  unreadable(
    'without-end-and-process',
    'A trace that just ends: neither its process nor the parent says how.',
    ['control', null, 'ends before the run did, without an end or a process record'],
    (files) => files.drop('control', 9).drop('control', 8),
  ),
  unreadable(
    'empty',
    'An empty file.',
    ['control', null, 'is empty'],
    (files) => {
      files.lines['control.jsonl'] = [];
    },
    NO_STATE,
  ),
  unreadable(
    'failure-at-another-step',
    'A failure at a step that was not reached.',
    ['control', 5, 'is a failure at step 7 after step 1'],
    (files) => files.insert('control', 5, { ...FAILURE, step: 7 }),
    NO_STATE,
  ),
  unreadable(
    'record-after-a-failure',
    'A record after a failure: a process that failed writes no more.',
    ['control', 6, 'is a state record after a failure'],
    (files) => files.insert('control', 5, FAILURE),
    { rules: ['run-died', 'state-missing'], headline: FAILURE.message },
  ),
];

const otherRun = (what: string, change: (run: Line) => void) => ({
  damage: (files: Files) => files.record('after-1', 1, change),
  ...contradicts(`gives another ${what} than the control run`),
});

const HISTORY = {
  steps: 2,
  processes: [
    { id: 'before', from: null, until: 1, saves: [1] },
    { id: 'after-1', from: { process: 'before', step: 1 }, until: 2, saves: [] },
  ],
};

const ON_RANK_1 = ['control', 'before', 'after-1'].map((id) => `${id}-rank-1.jsonl`);

/** A second trace, with another id. */
const copied = (files: Files, file: string, id: string): Files => {
  files.lines[`${id}.jsonl`] = files.lines[`${file}.jsonl`]!.map((line) =>
    line.replace(`"id":"${file}"`, `"id":"${id}"`),
  );
  return files;
};

const CONTRADICTORY: readonly BadCase[] = [
  {
    name: 'rank-beyond-world-size',
    teaches: 'A rank that a run of so many ranks does not have.',
    of: 'two-ranks',
    damage: (files) => {
      for (const file of ON_RANK_1)
        files.lines[file.replace('1.jsonl', '2.jsonl')] = files.lines[file]!.map((line) =>
          line.replace('"rank":1', '"rank":2'),
        );
    },
    ...contradicts('is of rank 2, which a run of worldSize 2 does not have'),
  },
  {
    name: 'rank-missing',
    teaches: 'A rank without a trace.',
    of: 'two-ranks',
    damage: (files) => {
      for (const file of ON_RANK_1) delete files.lines[file];
    },
    ...found('trace-incomplete', 'There is no trace of rank 1 of any process.'),
  },
  {
    name: 'other-horizon-on-a-rank',
    teaches: 'A rank whose schedule is made for another length.',
    of: 'two-ranks',
    damage: (files) =>
      files.each(
        ON_RANK_1.map((file) => file.replace('.jsonl', '')),
        { kind: 'run' },
        (run) => {
          run.horizon = 5;
        },
      ),
    ...contradicts('gives another horizon than that of rank 0'),
  },
  {
    name: 'other-horizon',
    teaches: 'A process whose schedule is made for another length.',
    ...otherRun('horizon', (run) => {
      run.horizon = 3;
    }),
  },
  {
    name: 'other-changes',
    teaches: 'A process that changes what the others do not change.',
    ...otherRun('list of changes', (run) => {
      run.changes = [{ at: 1, batchSize: 2 }];
    }),
  },
  {
    name: 'changes-against-the-history',
    teaches: 'A run that changes its batch size, which the history does not say.',
    damage: (files) =>
      files.each(['control', 'before', 'after-1'], { kind: 'run' }, (run) => {
        run.changes = [{ at: 1, batchSize: 2 }];
      }),
    history: HISTORY,
    ...contradicts('changes something else than the history says'),
  },
  {
    name: 'other-unit-of-steps',
    teaches: 'A process that counts updates where the others count micro-batches.',
    ...otherRun('unit of its steps', (run) => {
      run.stepIs = 'update';
    }),
  },
  {
    name: 'other-seed',
    teaches: 'A process with another seed.',
    ...otherRun('seed', (run) => {
      run.seed = 1;
    }),
  },
  {
    name: 'other-versions',
    teaches: 'A process with another version of the framework.',
    ...otherRun('versions', (run) => {
      (run.backend as Line).versions = { torch: '2.7.1' };
    }),
  },
  {
    name: 'other-backend-asked-for',
    teaches: 'A process that was asked for another backend.',
    ...otherRun('backend asked for', (run) => {
      (run.backend as Line).requested = 'torch-cuda';
    }),
  },
  {
    name: 'other-claim-of-hardware',
    teaches: 'A device that is a GPU in one process only.',
    ...otherRun('claim to be a hardware GPU', (run) => {
      (run.backend as Line).hardware = true;
    }),
  },
  {
    name: 'other-claim-of-determinism',
    teaches: 'A backend that is deterministic in one process, and in another one is not.',
    ...otherRun('claim to be deterministic', (run) => {
      (run.backend as Line).deterministic = false;
    }),
  },
  {
    name: 'other-backend',
    teaches: 'A process that fell back to another backend.',
    damage: (files) =>
      files.record('after-1', 1, (run) => {
        run.backend.name = 'torch-mps';
      }),
    ...found('backend-fell-back', 'The after-1 process ran on torch-mps'),
  },
  {
    name: 'one-storage-for-all',
    teaches:
      'All tensors in one storage: equal numbers say that tensors are tied, so write one of its own for each.',
    of: 'torch-adam',
    damage: (files) => {
      for (const file of ['control', 'before', 'after-1'])
        files.each([file], { kind: 'state' }, ({ tensors }) => {
          for (const tensor of tensors) tensor.storage = 0;
        });
    },
    ...contradicts('one storage in the state'),
  },
  {
    name: 'one-process-twice',
    teaches: 'Two traces of one process: neither is taken for the true one.',
    damage: (files) => {
      files.lines['before-again.jsonl'] = [...files.lines['before.jsonl']!];
    },
    ...contradicts('is a second trace of that process'),
  },
  {
    name: 'one-id-for-all-resumes',
    teaches: 'Two processes that resume, with the same id: the run record needs one of its own for each.',
    of: 'several-resumes',
    damage: (files) => files.text('after-2', 1, '"id":"after-2"', '"id":"after-1"'),
    ...found('trace-incomplete', "2 traces have the id 'after-1'"),
  },
  {
    name: 'process-missing',
    teaches: 'A process of the history that left no trace.',
    damage: (files) => {
      delete files.lines['before.jsonl'];
    },
    ...found('trace-incomplete', 'There is no trace of the before process'),
    rules: ['trace-incomplete', 'state-missing'],
  },
  {
    name: 'process-of-no-history',
    teaches: 'A process that the history does not have.',
    damage: (files) => copied(files, 'before', 'earlier'),
    history: HISTORY,
    ...contradicts("is of a process that the history does not have: 'earlier' in the role 'before'"),
  },
  {
    name: 'resumed-from-elsewhere',
    teaches: 'A process that resumed from another process than the history says.',
    damage: (files) => copied(files, 'before', 'earlier'),
    history: {
      steps: 2,
      processes: [
        { id: 'before', from: null, until: 1, saves: [1] },
        { id: 'earlier', from: null, until: 1, saves: [1] },
        { id: 'after-1', from: { process: 'earlier', step: 1 }, until: 2, saves: [] },
      ],
    },
    ...contradicts('started from something else than the history says'),
  },
  {
    name: 'checkpoint-nobody-wrote',
    teaches: 'A process that resumed from a checkpoint that its source did not write.',
    damage: (files) => files.text('after-1', 2, '"step-1"', '"step-9"'),
    ...contradicts("resumed from the checkpoint 'step-9' of step 1, which before did not write"),
  },
  {
    name: 'ends-too-early',
    teaches: 'A process that is to end before the history says.',
    damage: (files) => files.text('after-1', 1, '"until":2', '"until":1'),
    history: HISTORY,
    ...contradicts('is to end at another step than the history says'),
  },
  {
    name: 'beyond-until',
    teaches: 'A process that trains beyond the step at which it is to end.',
    damage: (files) => files.text('before', 1, '"until":1', '"until":0'),
    ...contradicts('is to end at another step'),
    history: HISTORY,
  },
  {
    name: 'ends-without-reason',
    teaches: 'A process that ends before it is to end, and tells no reason.',
    of: 'saves-and-goes-on',
    damage: (files) =>
      files.drop('before', 8).drop('before', 8).drop('before', 8).text('before', 8, '"step":3', '"step":2'),
    ...contradicts('ends at step 2, before it should'),
  },
  {
    name: 'no-state-at-the-start',
    teaches: 'A process without its state at the start.',
    damage: (files) => files.drop('before', 2),
    ...contradicts("has no state 'start' of step 0"),
  },
  {
    name: 'no-state-at-the-resume',
    teaches: 'A resumed process that does not show what it holds before its first step.',
    damage: (files) => files.drop('after-1', 3),
    ...found('state-missing', 'No state was recorded right after the resume'),
  },
  {
    name: 'no-samples-at-the-resume',
    teaches: 'Samples everywhere but at the resume.',
    of: 'torch-adam',
    damage: (files) => files.drop('after-1', 3).drop('after-1', 3).drop('after-1', 3),
    outcome: 'inconclusive',
    rules: ['samples-differ-at-resume'],
    headline: 'Right after resume 1, no sample was taken',
  },
  {
    name: 'no-samples-in-passing',
    teaches: 'Samples everywhere but where the control passes the step that is resumed from.',
    of: 'torch-adam',
    damage: (files) => {
      files.lines['control.jsonl'] = files.lines['control.jsonl']!.filter(
        (line) => !/"sample".*"pass"/.test(line),
      );
    },
    ...contradicts("has no sample 'pass' of step 2"),
    rules: ['traces-contradict', 'runs-differ'],
  },
  {
    name: 'saved-without-state',
    teaches: 'A checkpoint without the state that was saved.',
    damage: (files) => files.drop('before', 5),
    ...found('state-missing', 'No state was recorded at the save'),
  },
  {
    name: 'second-save-without-state',
    teaches: 'A later checkpoint without its state, though nobody resumes from it.',
    of: 'saves-and-goes-on',
    damage: (files) => files.drop('before', 9),
    ...contradicts("has no state 'save' of step 3"),
  },
  {
    name: 'state-without-saved',
    teaches: 'A state at a save of which no checkpoint is recorded.',
    of: 'saves-and-goes-on',
    damage: (files) => files.drop('before', 10),
    ...contradicts('has no saved record of step 3, though the run was saved'),
  },
  {
    name: 'no-checkpoint',
    teaches: 'A process that resumed from one that saved nothing, by its own records.',
    damage: (files) => files.drop('before', 6),
    ...contradicts('has no saved record of step 1, though the run was saved'),
  },
  {
    name: 'no-state-after-samples',
    teaches: 'A control that shows the state after some samples only, so that others may have changed it.',
    of: 'torch-adam',
    damage: (files) => {
      const lines = files.lines['control.jsonl']!;
      const at = lines.findIndex((line) => line.includes('"at":"pass"') && line.includes('"kind":"state"'));
      lines.splice(at + 1, 0, lines[at]!.replace('"at":"pass"', '"at":"sampled"'));
    },
    ...contradicts("has no state 'sampled' of step 4, which shows that nothing changed"),
  },
  {
    name: 'no-process-record',
    teaches: 'A trace without the record of how the process ended, which its parent writes.',
    damage: (files) => files.drop('after-1', 8),
    ...contradicts('does not say how the process ended'),
  },
  {
    name: 'exited-with-code-1',
    teaches: 'A process that is said to have exited, with exit code 1.',
    damage: (files) => files.text('after-1', 8, '"exitCode":0', '"exitCode":1'),
    ...contradicts('says that the process ended by itself, and that it failed'),
  },
  {
    name: 'killed-against-the-history',
    teaches: 'A process that was killed, though its history does not say so.',
    damage: (files) =>
      files
        .drop('before', 7)
        .text(
          'before',
          7,
          '"exited","exitCode":0,"signal":null',
          '"killed","exitCode":null,"signal":"SIGKILL"',
        ),
    history: HISTORY,
    ...contradicts('ended in another way than the history says'),
  },
];

const ALL = ['control', 'before', 'after-1'];
const BEGUN = ['control', 'before'];
const ENDED = ['control', 'after-1'];
const tensor = (state: Line, kind: string, at = 0) =>
  (state.tensors as Line[]).filter((one) => one.kind === kind)[at]!;
const OTHER = 'f'.repeat(16);

const SAID_TWICE: readonly BadCase[] = [
  {
    name: 'names-apart',
    teaches: 'A state with a parameter that no step has a column for.',
    damage: (files) =>
      files.each(ALL, { kind: 'state' }, ({ tensors }) =>
        tensors.push({ ...tensors[0], name: 'bias', storage: 1 }),
      ),
    ...contradicts("names other parameters in step 1 than in the state 'pass' after it"),
  },
  {
    name: 'change-denied',
    teaches: '`changed` is false, and `updateL2` is not 0.',
    damage: (files) => files.each(BEGUN, { kind: 'step', step: 1 }, (step) => step.changed.fill(false)),
    ...contradicts("says that 'weight' did not change in step 1, and by how much it did"),
  },
  {
    name: 'norm-apart',
    teaches: 'A norm in a step that is not the one in the state after it.',
    damage: (files) => files.each(BEGUN, { kind: 'step', step: 1 }, (step) => step.l2.fill(2.4)),
    ...contradicts("gives 'weight' one L2 norm in step 1 and another in the state 'pass' after it"),
  },
  {
    name: 'counter-apart',
    teaches: 'A counter in a step that is not the one in the state after it.',
    of: 'state-in-each-step',
    damage: (files) =>
      files.each(ALL, { kind: 'step' }, ({ counters }) => Object.assign(counters, { step: 0 })),
    ...contradicts("gives counter 'step' one value in step 2 and another in the state 'pass' after it"),
  },
  {
    name: 'generator-apart',
    teaches: 'A generator in a step that is not the one in the state after it.',
    of: 'state-in-each-step',
    damage: (files) =>
      files.each(ALL, { kind: 'step' }, ({ random }) => Object.assign(random, { torch: OTHER })),
    ...contradicts("gives random generator 'torch' one value in step 2 and another"),
  },
  {
    name: 'slot-apart',
    teaches: 'The norm of a slot in a step that is not the one in the state after it.',
    of: 'state-in-each-step',
    damage: (files) =>
      files.each(ALL, { kind: 'step' }, ({ observed }) => Object.assign(observed[0], { l2: 9 })),
    ...contradicts("gives slot 'weight.exp_avg' one value in step 2 and another"),
  },
  {
    name: 'moves-too-far',
    teaches: 'A norm that changes by more than the norm of its update.',
    damage: (files) => files.each(ALL, { kind: 'step' }, (step) => step.updateL2.fill(0.125)),
    ...contradicts("moves the L2 norm of 'weight' farther in step 2 than its update is long"),
  },
  {
    name: 'bytes-stay',
    teaches: 'A parameter that changed, and the same digest before and after.',
    damage: (files) =>
      files.each(ALL, { kind: 'state' }, ({ tensors }) => Object.assign(tensors[0], { digest: OTHER })),
    ...contradicts("says that 'weight' changed in 1 of steps 2 to 2, and that its bytes did not"),
  },
  {
    name: 'bytes-change',
    teaches: 'A parameter that no step changed, and other values in the state after them.',
    of: 'tied-and-frozen',
    damage: (files) => {
      const sketched = ({ tensors }: Line) => {
        for (const one of tensors as Line[]) one.sketch = [one.l2];
      };
      const turned = (state: Line) =>
        Object.assign(tensor(state, 'parameter', 2), { digest: OTHER, sketch: [-0.5] });
      files.each(ALL, { kind: 'state' }, sketched).each(ENDED, { kind: 'state', at: 'end' }, turned);
    },
    ...contradicts("says that 'scale' changed in 0 of steps 3 to 4, and that its bytes did"),
  },
  {
    name: 'rate-without-update',
    teaches: 'A learning rate of an update where there was none: it is null then.',
    of: 'micro-batches',
    damage: (files) => files.each(ALL, { kind: 'step' }, (step) => step.learningRates.fill(0.25)),
    ...contradicts(
      "gives the learning rate or the gradient of an update of 'weight' in step 1, in which it has none",
    ),
  },
  {
    name: 'no-sketch',
    teaches: 'A backend that is not deterministic, and a tensor without a sketch.',
    of: 'noise',
    damage: (files) =>
      files.each(
        ['control'],
        { kind: 'state', at: 'start' },
        (state) => delete tensor(state, 'parameter').sketch,
      ),
    ...contradicts("gives parameter 'weight' of step 0 no sketch"),
    rules: ['traces-contradict', 'runs-differ'],
  },
  {
    name: 'no-twin',
    teaches: 'A backend that is not deterministic, and no twin that shows how much equal runs differ.',
    of: 'noise',
    damage: (files) => {
      for (const n of [1, 2, 3]) delete files.lines[`twin-${n}.jsonl`];
    },
    ...found('trace-incomplete', 'There is no trace of the twin process'),
    rules: [
      'trace-incomplete',
      'not-reproducible',
      'loss-differs',
      'gradients-differ',
      'updates-differ',
      'parameters-differ',
      'final-parameters-differ',
      'final-slots-differ',
    ],
  },
  {
    name: 'one-point-twice',
    teaches: 'A control that shows its last step twice, and differently.',
    damage: (files) =>
      files.insert('control', 7, files.lines['control.jsonl']![6]!).record('control', 7, (state) => {
        state.at = 'pass';
        state.tensors[0].storage = 7;
      }),
    ...contradicts("shows step 2 twice, at 'pass' and after it, and differently"),
  },
  {
    name: 'equal-bytes-other-norm',
    teaches: 'The same digest, and another norm.',
    of: 'torch-adam',
    damage: (files) =>
      files.each(['after-1'], { kind: 'state', at: 'resume' }, (state) =>
        Object.assign(tensor(state, 'ema'), { l2: 1 }),
      ),
    ...contradicts(
      "gives ema 'weight' in the state 'resume' of step 2 the bytes of another record of it, and another L2 norm or sketch",
    ),
    rules: ['traces-contradict', 'runs-differ'],
  },
  {
    name: 'contents-of-another-size',
    teaches: 'A tensor in a checkpoint with the bytes of a saved one, and more values.',
    of: 'half-precision',
    damage: (files) =>
      files.each(['before'], { kind: 'checkpoint' }, ({ tensors }) => {
        tensors[0].shape = [2, 2];
      }),
    ...contradicts(
      "gives 'parameters/weight' in the checkpoint 'step-2' the bytes of parameter 'weight', and another number of values",
    ),
  },
  {
    name: 'equal-bytes-other-bits',
    teaches: 'The same digest, and another number of significand bits.',
    of: 'torch-adam',
    damage: (files) =>
      files.each(['before'], { kind: 'state', at: 'start' }, (state) =>
        Object.assign(tensor(state, 'parameter'), { bits: 9 }),
      ),
    ...contradicts(
      "gives parameter 'weight' in the state 'start' of step 0 the bytes of another record of it, and another type, shape",
    ),
    rules: ['traces-contradict', 'runs-differ'],
  },
  {
    name: 'equal-text-other-length',
    teaches: 'A text of the same bytes, and another number of characters.',
    of: 'torch-adam',
    damage: (files) =>
      files.each(['after-1'], { kind: 'sample', type: 'text', at: 'resume' }, (sample) => {
        sample.characters += 1;
      }),
    ...contradicts(
      "gives text 'story' at 'resume' of step 2 the bytes of another record, and another length",
    ),
    rules: ['traces-contradict', 'runs-differ'],
  },
];

const notFinite = (what: string) => found('not-finite', what);

const NOT_FINITE: readonly BadCase[] = [
  {
    name: 'slot-not-finite',
    teaches: 'A slot that is not finite in a run that did not resume.',
    of: 'torch-adam',
    damage: (files) =>
      files.each(['control'], { kind: 'state', at: 'end' }, (state) =>
        Object.assign(tensor(state, 'slot'), { l2: 'NaN' }),
      ),
    ...notFinite("holds slot 'weight.exp_avg' that is not finite"),
    rules: ['not-finite', 'final-slots-differ'],
  },
  {
    name: 'update-not-finite',
    teaches: 'An update that is not finite.',
    damage: (files) => files.each(BEGUN, { kind: 'step', step: 1 }, (step) => step.updateL2.fill('Infinity')),
    ...notFinite("says that the update of 'weight' is not finite in step 1"),
  },
  {
    name: 'applied-gradient-not-finite',
    teaches: 'A gradient that an update used and that is not finite.',
    of: 'torch-adam',
    damage: (files) =>
      files.each(BEGUN, { kind: 'step', step: 1 }, (step) => step.appliedGradientL2.fill('NaN')),
    ...notFinite("says that the applied gradient of 'weight' is not finite in step 1"),
  },
  {
    name: 'learning-rate-not-finite',
    teaches: 'A learning rate inside an update that is not finite.',
    damage: (files) =>
      files.each(BEGUN, { kind: 'step', step: 1 }, (step) => step.learningRates.fill('Infinity')),
    ...notFinite("says that the learning rate of 'weight' is not finite in step 1"),
  },
  {
    name: 'norm-not-finite',
    teaches: 'A parameter that is not finite, from a finite gradient.',
    of: 'torch-adam',
    damage: (files) => files.each(BEGUN, { kind: 'step', step: 1 }, (step) => step.l2.fill('NaN')),
    ...notFinite('the update of step 1 made all 2 parameters non-finite'),
  },
  {
    name: 'update-from-a-gradient-not-finite',
    teaches: 'A gradient that is not finite, and an update from it.',
    of: 'torch-adam',
    damage: (files) => files.each(BEGUN, { kind: 'step', step: 1 }, (step) => step.gradientL2.fill('NaN')),
    ...notFinite("updates 'weight' in step 1 from a gradient that is not finite"),
  },
  {
    name: 'gradients-never-finite',
    teaches: 'A gradient that overflows in every step. Some may, as under loss scaling, but not all.',
    of: 'tied-and-frozen',
    damage: (files) =>
      files.each(ALL, { kind: 'step' }, (step) => {
        step.gradientL2[2] = 'Infinity';
      }),
    ...notFinite("says that the gradient of 'scale' is not finite in every step"),
  },
  {
    name: 'sample-not-finite',
    teaches: 'A sample whose norm is not finite.',
    of: 'torch-adam',
    damage: (files) =>
      files.each(['control'], { kind: 'sample', type: 'audio', at: 'end' }, (sample) =>
        Object.assign(sample, { l2: 'NaN' }),
      ),
    ...notFinite("gives sample 'tone' a norm that is not finite"),
  },
];

const apart = (headline: string) => found('runs-differ', headline);

/** The control shows something, and another process does not, or not the same. */
const SHOWN_BY_ONE: readonly BadCase[] = [
  {
    name: 'other-claim',
    teaches: 'A log that shows another learning rate than the log of the control, before any resume.',
    damage: (files) =>
      files.each(['before'], { kind: 'step' }, ({ claimed }) =>
        Object.assign(claimed, { learningRates: { all: 0.25 } }),
      ),
    ...apart('claims something else in step 1'),
  },
  {
    name: 'other-loss',
    teaches: 'Another loss in a step that nobody resumed after.',
    of: 'saves-and-goes-on',
    damage: (files) =>
      files.each(['before'], { kind: 'step', step: 3 }, ({ claimed }) => Object.assign(claimed, { loss: 1 })),
    ...apart('claims another loss in step 3'),
  },
  {
    name: 'other-hook-calls',
    teaches: 'Another number of hook calls than in the control, before any resume.',
    damage: (files) => files.each(['before'], { kind: 'step' }, (step) => step.hookCalls.fill(2)),
    ...apart('says something else of hookCalls in step 1'),
  },
  {
    name: 'column-of-one-process',
    teaches: 'An optional column that one process writes and another one does not.',
    of: 'several-resumes',
    damage: (files) => files.each(['before'], { kind: 'step' }, (step) => delete step.appliedGradientL2),
    ...apart('says something else of appliedGradientL2 in step 1'),
  },
  {
    name: 'tensor-of-the-control',
    teaches: 'A buffer that the control alone shows at the start.',
    of: 'torch-adam',
    damage: (files) =>
      files.each(['before'], { kind: 'state', at: 'start' }, (state) => {
        state.tensors = state.tensors.filter(({ kind }: Line) => kind !== 'buffer');
      }),
    ...apart("does not show buffer 'norm.running_mean' in the state 'start' of step 0"),
  },
  {
    name: 'tensor-of-another-process',
    teaches: 'A buffer that the control alone does not show at the start.',
    of: 'torch-adam',
    damage: (files) =>
      files.each(['control'], { kind: 'state', at: 'start' }, (state) => {
        state.tensors = state.tensors.filter(({ kind }: Line) => kind !== 'buffer');
      }),
    ...apart("alone shows buffer 'norm.running_mean' in the state 'start' of step 0"),
  },
  {
    name: 'other-group',
    teaches: 'Another parameter group than in the control, before any resume.',
    damage: (files) =>
      files.each(['before'], { kind: 'state', at: 'start' }, (state) =>
        Object.assign(tensor(state, 'parameter'), { group: 'first' }),
      ),
    ...apart("says something else of group of parameter 'weight'"),
  },
  {
    name: 'untied',
    teaches: 'Tensors that share memory in the control, and not in another process.',
    of: 'tied-and-frozen',
    damage: (files) =>
      files.each(['before'], { kind: 'state', at: 'start' }, (state) =>
        Object.assign(tensor(state, 'parameter', 1), { storage: 9 }),
      ),
    ...apart('ties other tensors'),
  },
  {
    name: 'other-counter',
    teaches: 'Another counter than in the control, before any resume.',
    damage: (files) =>
      files.each(['before'], { kind: 'state', at: 'start' }, ({ counters }) =>
        Object.assign(counters, { step: 1 }),
      ),
    ...apart("says something else of counter 'step' in the state 'start' of step 0"),
  },
  {
    name: 'generators-of-the-control',
    teaches: 'Generators that the control alone shows.',
    of: 'torch-adam',
    damage: (files) =>
      files.each(['before', 'after-1'], { kind: 'state' }, (state) => {
        state.random = {};
      }),
    ...apart("says something else of random generator 'torch'"),
  },
  {
    name: 'other-sample',
    teaches: 'An image of another size than in the control, with the same digest.',
    of: 'torch-adam',
    damage: (files) =>
      files.each(['before', 'after-1'], { kind: 'sample', type: 'image' }, (sample) =>
        Object.assign(sample, { width: 1, height: 2 }),
      ),
    ...apart("says something else of width of sample 'digit 3'"),
  },
  {
    name: 'sample-of-the-control',
    teaches: 'A sample that only the control takes at the step that is resumed from.',
    of: 'torch-adam',
    damage: (files) => {
      for (const file of ['before', 'after-1'])
        files.lines[`${file}.jsonl`] = files.lines[`${file}.jsonl`]!.filter(
          (line) => !/"(save|resume)".*"tone"/.test(line),
        );
    },
    ...apart("does not show sample 'tone' at 'save' of step 2"),
  },
  {
    name: 'sample-of-other-processes',
    teaches: 'A sample that the control alone does not take at the step that is resumed from.',
    of: 'torch-adam',
    damage: (files) => {
      files.lines['control.jsonl'] = files.lines['control.jsonl']!.filter(
        (line) => !/"pass".*"tone"/.test(line),
      );
    },
    ...apart("alone shows sample 'tone' at 'save' of step 2"),
  },
];

const declaration = (name: string, teaches: string, lacks: readonly string[], headline: string): BadCase => ({
  name,
  teaches,
  of: 'torch-adam',
  damage: (files) => files.each(ALL, { kind: 'run' }, (run) => Object.assign(run, { lacks })),
  ...found('nothing-observed', headline),
});

const UNSEEN: readonly BadCase[] = [
  {
    name: 'generators-unseen',
    teaches: 'No process shows a generator, and `lacks` does not say that there is none.',
    of: 'torch-adam',
    damage: (files) =>
      files.each(ALL, { kind: 'state' }, (state) => {
        state.random = {};
      }),
    ...found('nothing-observed', 'The control shows no random generator state'),
  },
  declaration(
    'samples-declared-lacking',
    '`lacks` names samples, and there are some.',
    ['samples'],
    "The scenario declares that it lacks 'samples'",
  ),
];

export const BAD: readonly BadCase[] = [
  ...UNREADABLE,
  ...CONTRADICTORY,
  ...SAID_TWICE,
  ...NOT_FINITE,
  ...SHOWN_BY_ONE,
  ...UNSEEN,
];
