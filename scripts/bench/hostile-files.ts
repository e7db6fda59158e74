/** Files that are made to take as much time and memory as they can from whoever reads them. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { MAX_LINE_BYTES } from '../../harness/trace/lines.ts';

/** Its contents, as parts; each of about `bytes` in all. */
type Contents = (bytes: number) => Iterable<string>;

/** About a million of the shortest keys, and four million numbers: what the bounds of harness/json let through. */
const KEYS = 8e6;
const NUMBERS = 7.9e6;
const SHA256 = '0'.repeat(64);
const RUN =
  '{"kind":"run","format":2,"scenario":"hostile","role":"control","id":"control","horizon":4,"until":4,"stepIs":"micro-batch","seed":0,"lacks":[],"backend":{"requested":"cpu","name":"cpu","adapter":"","driver":null,"hardware":false,"deterministic":true,"versions":{}},"process":{"pid":1,"runtime":"","platform":""}}\n';
const step = (column: string, of = 'l2'): string =>
  `{"kind":"step","step":1,"seconds":0,"claimed":{"step":1,"loss":0,"learningRates":{},"batch":[],"applied":true},${[
    'l2',
    'updateL2',
    'changed',
    'gradientL2',
    'hookCalls',
    'updates',
    'learningRates',
  ]
    .map((name) => `"${name}":[${name === of ? column : ''}]`)
    .join(',')},"strayHookCalls":0,"strayUpdates":0}\n`;
const state = (tensors: string, random: string, counters: string): string =>
  `{"kind":"state","at":"end","step":4,"tensors":[${tensors}],"random":{${random}},"counters":{${counters}}}\n`;

/** Repeats an entry, with commas between, to `bytes`; its number makes it differ from the others. */
function list(bytes: number, entry: (n: string) => string, from = 0): string {
  const entries: string[] = [];
  for (let size = 0, n = from; size < bytes; n += 1) {
    const next = entry(n.toString(36));
    entries.push(next);
    size += next.length + 1;
  }
  return entries.join(',');
}

/** Lines after a `run` record. */
const lines = (line: (n: number) => string): Contents =>
  function* (bytes) {
    yield RUN;
    let [part, size] = ['', 0];
    for (let n = 0; size + part.length < bytes; n += 1) {
      part += line(n);
      if (part.length > 1e6) {
        yield part;
        size += part.length;
        part = '';
      }
    }
    yield part;
  };
/** One line after a `run` record, as long as a line may be. */
const line = (make: (bytes: number) => string): Contents =>
  function* (bytes) {
    yield RUN;
    yield make(Math.min(bytes, MAX_LINE_BYTES - 1000));
  };
/** Lines that are as long as the whole, or a megabyte. */
const longLines =
  (make: (bytes: number, n: number) => string): Contents =>
  (bytes) =>
    lines((n) => make(Math.min(bytes, 1e6), n))(bytes);

export const TRACES: Readonly<Record<string, Contents>> = {
  'bad values in one line': line((bytes) => step(list(bytes, () => '"x"'))),
  'four million bad values in one line': line((bytes) =>
    step(
      list(Math.min(bytes, NUMBERS), () => '1'),
      'changed',
    ),
  ),
  'bad lines': lines(() => '{"kind":"loss"}\n'),
  'blank lines': lines(() => '\n'),
  'deep nesting': line((bytes) => '['.repeat(bytes)),
  'deep nesting in a column': line((bytes) => step('['.repeat(bytes))),
  'deep nesting in a short column': line((bytes) => step(`${'['.repeat(Math.min(bytes, 4e6))}]`)),
  'keys in one object': line((bytes) => `{${list(bytes, (n) => `"${n}":0`)}}\n`),
  'a million keys in one object': line((bytes) => `{${list(Math.min(bytes, KEYS), (n) => `"${n}":0`)}}\n`),
  'one key in one object': line((bytes) => `{${list(bytes, () => '"a":0')}}\n`),
  'one long text': line((bytes) => `"${'x'.repeat(bytes)}"\n`),
  'short records': lines(() => '{"kind":"failure","code":"error","step":0,"message":""}\n'),
  'tables of parameters': lines((n) => `{"kind":"parameters","names":["${n}"],"groups":[null]}\n`),
  'wide steps': line((bytes) => step(list(bytes, () => '1'))),
  counters: longLines((bytes, n) =>
    state(
      '',
      '',
      list(bytes, (key) => `"${key}":0`, n * 1e6),
    ),
  ),
  'bad counters': longLines((bytes) =>
    state(
      '',
      '',
      list(bytes, (key) => `"${key}":[]`),
    ),
  ),
  'counters in short records': lines((n) => state('', '', `"${n.toString(36)}":0`)),
  generators: longLines((bytes, n) =>
    state(
      '',
      list(bytes, (key) => `"${key}":"${SHA256}"`, n * 1e6),
      '',
    ),
  ),
  tensors: longLines((bytes, n) =>
    state(
      list(
        bytes,
        (name) =>
          `{"kind":"slot","name":"${name}","shape":[],"dtype":"","storage":0,"digest":"${SHA256}","l2":0}`,
        n * 1e6,
      ),
      '',
      '',
    ),
  ),
  shapes: longLines((bytes) =>
    state(
      `{"kind":"slot","name":"","shape":[${list(bytes, () => '1')}],"dtype":"","storage":0,"digest":"${SHA256}","l2":0}`,
      '',
      '',
    ),
  ),
  'ids of kernels': longLines(
    (bytes, n) =>
      `{"kind":"end","step":0,"seconds":{"startup":0,"training":0,"probing":0,"sampling":0},"kernels":[${list(bytes, (name) => `"${name}"`, n * 1e6)}]}\n`,
  ),
};

/** A header that takes the whole file. */
const header = (make: (bytes: number) => string): Contents =>
  function* (bytes) {
    const text = make(bytes - 100);
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(text.length));
    yield prefix.toString('latin1');
    yield text;
  };

/** Safetensors files. */
export const TENSORS: Readonly<Record<string, Contents>> = {
  'deep nesting': header((bytes) => '['.repeat(bytes)),
  'keys in one object': header((bytes) => `{${list(bytes, (n) => `"${n}":0`)}}`),
  'a million keys in one object': header((bytes) => `{${list(Math.min(bytes, KEYS), (n) => `"${n}":0`)}}`),
  'one key in one object': header((bytes) => `{${list(bytes, () => '"a":0')}}`),
  'numbers in one list': header((bytes) => `{"a":[${list(bytes, () => '1')}]}`),
  'empty tensors': header(
    (bytes) => `{${list(bytes, (n) => `"${n}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`)}}`,
  ),
  'a quarter of a million tensors': header(
    (bytes) =>
      `{${list(Math.min(bytes, 1.1e7), (n) => `"${n}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`)}}`,
  ),
  'a long shape': header(
    (bytes) =>
      `{"a":{"dtype":"U8","shape":[${list(Math.min(bytes, NUMBERS), () => '1')}],"data_offsets":[0,1]}}`,
  ),
  metadata: header((bytes) => `{"__metadata__":{${list(Math.min(bytes, KEYS), (n) => `"${n}":""`)}}}`),
  'one long name': header((bytes) => `{"${'x'.repeat(bytes)}":0}`),
};

/** A checkpoint's state.json. */
const stateFile = (make: (bytes: number) => string): Contents =>
  function* (bytes) {
    yield make(Math.min(bytes, 64 * 2 ** 20) - 200);
  };
const withField = (field: string, value: string): string =>
  `{"format":1,"step":0,"schedules":{},"optimizers":{},"random":{},"data":{}}`.replace(
    `"${field}":{}`,
    `"${field}":${value}`,
  );

export const STATES: Readonly<Record<string, Contents>> = {
  'deep nesting': stateFile((bytes) => '['.repeat(bytes)),
  'keys in one object': stateFile((bytes) => withField('data', `{${list(bytes, (n) => `"${n}":0`)}}`)),
  'a million keys in one object': stateFile((bytes) =>
    withField('data', `{${list(Math.min(bytes, KEYS), (n) => `"${n}":0`)}}`),
  ),
  'bad schedules': stateFile((bytes) =>
    withField('schedules', `{"a":{${list(Math.min(bytes, KEYS), (n) => `"${n}":{}`)}}}`),
  ),
  'bad generators': stateFile((bytes) =>
    withField('random', `{${list(Math.min(bytes, KEYS), (n) => `"${n}":0`)}}`),
  ),
  'numbers in one list': stateFile((bytes) => withField('data', `{"a":[${list(bytes, () => '1')}]}`)),
  'unknown keys': stateFile((bytes) =>
    withField('data', `{},${list(Math.min(bytes, KEYS), (n) => `"_${n}":0`)}`),
  ),
};

export function writeContents(file: string, contents: Iterable<string>): void {
  const handle = openSync(file, 'w');
  for (const part of contents) {
    const bytes = Buffer.from(part, 'latin1');
    for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
  }
  closeSync(handle);
}
