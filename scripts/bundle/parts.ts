/** Splits a file that is too large to transfer in one piece. */
import { createHash } from 'node:crypto';
import { globSync, rmSync } from 'node:fs';
import { open, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface Written {
  readonly file: string;
  readonly bytes: number;
}

/**
 * Writes one file if the content has at most `limit` bytes. Larger content goes to `FILE.001`, `FILE.002` … of
 * `limit` bytes each, and `FILE.join.sh` checks their digests and joins them. Files are renamed into place once
 * complete, and files of an earlier call are removed.
 * @param bytes total size of the content
 */
export async function writeInParts(
  out: string,
  content: AsyncIterable<Buffer>,
  bytes: number,
  limit: number,
): Promise<Written[]> {
  for (const name of globSync([path.basename(out), `${path.basename(out)}.{[0-9][0-9][0-9],join.sh}`], {
    cwd: path.dirname(out),
  })) {
    rmSync(path.join(path.dirname(out), name));
  }
  const count = Math.ceil(bytes / limit);
  const names = Array.from({ length: count }, (_, n) =>
    count === 1 ? out : `${out}.${String(n + 1).padStart(3, '0')}`,
  );
  const digests = await writeAll(names, content, limit);
  const written = names.map((file, n) => ({ file, bytes: Math.min(limit, bytes - n * limit) }));
  if (count === 1) return written;
  const script = joinScript(
    path.basename(out),
    names.map((name, n) => [path.basename(name), digests[n]!] as const),
  );
  const file = `${out}.join.sh`;
  await writeFile(file, script, { mode: 0o755 });
  return [...written, { file, bytes: script.length }];
}

/** Fills the files one after the other, `limit` bytes each. Returns their digests. */
async function writeAll(
  names: readonly string[],
  content: AsyncIterable<Buffer>,
  limit: number,
): Promise<string[]> {
  const chunks = content[Symbol.asyncIterator]();
  const digests: string[] = [];
  let rest: Buffer = Buffer.alloc(0);
  for (const name of names) {
    const file = await open(`${name}.partial`, 'w', 0o755);
    const hash = createHash('sha256');
    try {
      for (let room = limit; room > 0; ) {
        if (rest.length === 0) {
          const { value, done } = await chunks.next();
          if (done) break;
          rest = value;
        }
        const piece = rest.subarray(0, room);
        await file.writeFile(piece);
        hash.update(piece);
        room -= piece.length;
        rest = rest.subarray(piece.length);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${name}.partial`, name);
    digests.push(hash.digest('hex'));
  }
  return digests;
}

const joinScript = (name: string, parts: readonly (readonly [part: string, digest: string])[]): string =>
  [
    '#!/bin/sh',
    `# Checks the digests of the parts of ${name} next to this script, then joins them.`,
    'set -eu',
    'cd "$(dirname "$0")"',
    "sha256sum -c >/dev/null <<'SUMS' || { echo 'a part is missing or damaged, so nothing was joined: copy it again' >&2; exit 3; }",
    ...parts.map(([part, digest]) => `${digest}  ${part}`),
    'SUMS',
    `cat ${parts.map(([part]) => part).join(' ')} >${name}.partial`,
    `mv ${name}.partial ${name}`,
    '',
  ].join('\n');
