/**
 * Packs resumeproof and everything it needs into one file, for machines without network, Node or compiler:
 *   npm run bundle -- [--out FILE] [--backends webgpu,wasm] [--max-mib 55]
 * `sh FILE` is the command line on that machine, for example `sh FILE doctor`; the first call unpacks the bundle.
 * A file larger than `--max-mib` is split into numbered parts, with a script that joins them. Bundles are made and
 * run on Linux on x86-64 only.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs, promisify } from 'node:util';
import { constants, createZstdCompress, gzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { BACKENDS } from '../harness/backend/names.ts';
import { BundleError, cache, collectContents, type Entry } from './bundle/contents.ts';
import { launcher } from './bundle/launcher.ts';
import { writeInParts } from './bundle/parts.ts';

const MIB = 2 ** 20;
/** zstd levels that take half a minute each. With libtensorflow, the higher one would take minutes. */
const LEVEL = { small: 19, large: 9 };
const say = (line: string): unknown => process.stderr.write(`bundle: ${line}\n`);

interface Options {
  readonly out: string;
  readonly backends: ReadonlySet<string>;
  readonly maxMib: number;
}

async function bundle({ out, backends, maxMib }: Options): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new BundleError(
      `bundles can only be made on Linux on x86-64; this is ${process.platform} on ${process.arch}`,
    );
  }
  say('collecting …');
  const { node, entries, without } = await collectContents(backends);
  for (const name of without) say(`this machine has no ${name}, so the bundle does not include it`);
  say('compressing …');
  mkdirSync(path.dirname(out), { recursive: true });
  const archive = path.join(cache, 'archive.tar.zst');
  // Node itself must be unpacked without Node, so it is compressed with gzip, which every system has.
  const [first, unpacked] = await Promise.all([
    promisify(gzip)(node, { level: 9 }),
    writeArchive(archive, entries, backends.has('node-gpu') ? LEVEL.large : LEVEL.small),
  ]);
  const hash = createHash('sha256').update(first);
  await pipeline(createReadStream(archive), hash);
  const archiveBytes = statSync(archive).size;
  const head = launcher(path.basename(out), {
    nodeBytes: first.length,
    archiveBytes,
    unpackedBytes: node.length + unpacked,
    digest: hash.digest('hex'),
  });
  const content = async function* (): AsyncGenerator<Buffer> {
    yield head;
    yield first;
    yield* createReadStream(archive) as AsyncIterable<Buffer>;
  };
  const bytes = head.length + first.length + archiveBytes;
  for (const written of await writeInParts(out, content(), bytes, Math.floor(maxMib * MIB))) {
    const size =
      written.bytes < MIB / 10 ? `${written.bytes} bytes` : `${(written.bytes / MIB).toFixed(1)} MiB`;
    say(`${path.relative('', written.file)}: ${size}`);
  }
  await rm(archive);
}

/** Returns the unpacked size. Equal contents give equal bytes. */
async function writeArchive(file: string, entries: readonly Entry[], level: number): Promise<number> {
  const archive = pack();
  let unpacked = 0;
  const fill = async (): Promise<void> => {
    for (const { name, source } of entries) {
      const size = typeof source === 'string' ? statSync(source).size : source.length;
      const entry = archive.entry({ name, size, mode: 0o644, mtime: new Date(0) });
      await pipeline(typeof source === 'string' ? createReadStream(source) : Readable.from([source]), entry);
      unpacked += size;
    }
    archive.finalize();
  };
  const compress = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level } });
  await Promise.all([fill(), pipeline(archive, compress, createWriteStream(file))]);
  return unpacked;
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
      return `expected names from ${BACKENDS.join(', ')} for --backends, received '${unknown}'`;
    }
    const maxMib = Number(values['max-mib']);
    if (!(maxMib >= 1))
      return `expected a number of at least 1 for --max-mib, received '${values['max-mib']}'`;
    if (!/^[\w][\w.-]*$/.test(path.basename(values.out))) {
      return `expected a file name of letters, digits, '.', '_' and '-' for --out, received '${values.out}'`;
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
