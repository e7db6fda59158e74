/**
 * Writes resumeproof with everything that it needs into one file, for machines without network, Node or compiler:
 *   npm run bundle -- [--out FILE] [--backends webgpu,wasm] [--max-mib 55]
 * `sh FILE doctor` there unpacks it, once, and is the command line from then on. A file of more than `--max-mib` is
 * written in numbered parts, with a script that joins them. Linux on x86-64 only, here and there.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { parseArgs, promisify } from 'node:util';
import { constants, gzip, zstdCompress } from 'node:zlib';
import { pack } from 'tar-stream';
import { BACKENDS } from '../harness/backend/names.ts';
import { BundleError, collectContents, type Entry } from './bundle/contents.ts';

const MIB = 2 ** 20;
const say = (line: string): unknown => process.stderr.write(`bundle: ${line}\n`);

interface Options {
  readonly out: string;
  readonly backends: ReadonlySet<string>;
  readonly maxMib: number;
}

async function bundle({ out, backends, maxMib }: Options): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new BundleError(
      `a bundle is made on Linux on x86-64, and this is ${process.platform} on ${process.arch}`,
    );
  }
  say('collecting …');
  const { node, entries, without } = await collectContents(backends);
  for (const name of without) say(`this machine has no ${name}, so the bundle brings none`);
  say('compressing …');
  const [first, rest] = await Promise.all([
    // The only thing to unpack without Node: every system has gzip.
    promisify(gzip)(node, { level: 9 }),
    archiveOf(entries).then((archive) =>
      promisify(zstdCompress)(archive, { params: { [constants.ZSTD_c_compressionLevel]: 19 } }),
    ),
  ]);
  const file = Buffer.concat([launcher(path.basename(out), first, rest), first, rest]);
  mkdirSync(path.dirname(out), { recursive: true });
  for (const each of await write(out, file, Math.floor(maxMib * MIB))) {
    say(`${path.relative('', each.file)}: ${(each.bytes / MIB).toFixed(1)} MiB`);
  }
}

/** Equal contents give equal bytes. */
async function archiveOf(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  const whole = buffer(archive);
  for (const { name, content, executable } of entries) {
    archive.entry({ name, mode: executable ? 0o755 : 0o644, mtime: new Date(0) }, content());
  }
  archive.finalize();
  return whole;
}

function launcher(name: string, first: Buffer, rest: Buffer): Buffer {
  const template = readFileSync(path.join(import.meta.dirname, 'bundle', 'launcher.sh'), 'utf8');
  const { version } = JSON.parse(
    readFileSync(path.join(import.meta.dirname, '..', 'package.json'), 'utf8'),
  ) as { version: string };
  const digest = createHash('sha256').update(first).update(rest).digest('hex');
  const filled = (length: number): Buffer => {
    const values: Record<string, string | number> = {
      VERSION: version,
      NAME: name,
      DIGEST: digest,
      SHORT: digest.slice(0, 12),
      // Positions as `tail -c +N` counts them, from 1.
      NODE_AT: length + 1,
      NODE_BYTES: first.length,
      REST_AT: length + first.length + 1,
      TOTAL: length + first.length + rest.length,
    };
    return Buffer.from(template.replaceAll(/@([A-Z_]+)@/g, (_, key: string) => String(values[key])));
  };
  // Its own length stands in it: filled in again until it has that length.
  let text = filled(0);
  for (let length = -1; length !== text.length; ) {
    length = text.length;
    text = filled(length);
  }
  return text;
}

interface Written {
  readonly file: string;
  readonly bytes: number;
}

/** One file, or parts of at most `limit` bytes with a script that joins them. */
async function write(out: string, whole: Buffer, limit: number): Promise<Written[]> {
  if (whole.length <= limit) {
    await writeFile(out, whole, { mode: 0o755 });
    return [{ file: out, bytes: whole.length }];
  }
  const name = path.basename(out);
  rmSync(out, { force: true });
  const parts = Array.from({ length: Math.ceil(whole.length / limit) }, (_, n) => ({
    file: `${out}.${String(n + 1).padStart(3, '0')}`,
    content: whole.subarray(n * limit, (n + 1) * limit),
  }));
  const sums = parts.map(
    ({ file, content }) => `${createHash('sha256').update(content).digest('hex')}  ${path.basename(file)}`,
  );
  const join = [
    '#!/bin/sh',
    `# Joins the parts of ${name}, which lie beside this file, after checking their digests.`,
    'set -eu',
    'cd "$(dirname "$0")"',
    "sha256sum -c >&2 <<'SUMS' || { echo 'a part is missing or damaged: copy it again' >&2; exit 3; }",
    ...sums,
    'SUMS',
    `cat ${parts.map(({ file }) => path.basename(file)).join(' ')} >${name}.partial`,
    `mv ${name}.partial ${name}`,
    '',
  ].join('\n');
  const files = [...parts, { file: `${out}.join.sh`, content: Buffer.from(join) }];
  for (const { file, content } of files) await writeFile(file, content, { mode: 0o755 });
  return files.map(({ file, content }) => ({ file, bytes: content.length }));
}

function optionsOf(): Options | string {
  try {
    const { values } = parseArgs({
      options: {
        out: { type: 'string', default: 'resumeproof-bundle.sh' },
        backends: { type: 'string', default: 'webgpu,wasm' },
        'max-mib': { type: 'string', default: '55' },
      },
    });
    const backends = values.backends.split(',');
    const unknown = backends.find((name) => !(BACKENDS as readonly string[]).includes(name));
    if (unknown !== undefined) {
      return `expected names among ${BACKENDS.join(', ')} for --backends, received '${unknown}'`;
    }
    const maxMib = Number(values['max-mib']);
    if (!(maxMib >= 1)) return `expected a number from 1 on for --max-mib, received '${values['max-mib']}'`;
    if (!/^[\w][\w.-]*$/.test(path.basename(values.out))) {
      return `expected a file's name of letters, digits, '.', '_' and '-' for --out, received '${values.out}'`;
    }
    return { out: path.resolve(values.out), backends: new Set(backends), maxMib };
  } catch (error) {
    return (error as Error).message.split('\n')[0]!;
  }
}

const options = optionsOf();
if (typeof options === 'string') {
  say(options);
  process.exitCode = 2;
} else {
  try {
    await bundle(options);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    say(error.message);
    process.exitCode = 3;
  }
}
