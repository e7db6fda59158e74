import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { writeInParts } from './parts.ts';

async function* inChunks(whole: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
}

test.runIf(process.platform === 'linux')(
  'joining restores the file for any limit, and refuses a damaged part',
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'resumeproof-parts-'));
    const out = path.join(folder, 'whole.sh');
    const sizes = fc.record({
      whole: fc.uint8Array({ minLength: 1, maxLength: 300 }),
      limit: fc.integer({ min: 1, max: 310 }),
      chunk: fc.integer({ min: 1, max: 310 }),
    });
    try {
      await fc.assert(
        fc.asyncProperty(sizes, async ({ whole, limit, chunk }) => {
          const bytes = Buffer.from(whole);
          const written = await writeInParts(out, inChunks(bytes, chunk), bytes.length, limit);
          // Parts of an earlier, larger file are gone.
          expect(readdirSync(folder).sort()).toEqual(written.map(({ file }) => path.basename(file)).sort());
          if (bytes.length <= limit) {
            expect(readFileSync(out)).toEqual(bytes);
            return;
          }
          for (const { file, bytes: size } of written) expect(readFileSync(file).length).toBe(size);
          execFileSync('sh', [`${out}.join.sh`], { stdio: 'ignore' });
          expect(readFileSync(out)).toEqual(bytes);
        }),
        { numRuns: 60 },
      );
      await writeInParts(out, inChunks(Buffer.from('resumed'), 3), 7, 4);
      writeFileSync(`${out}.002`, 'mad');
      const { status, stderr } = spawnSync('sh', [`${out}.join.sh`], { encoding: 'utf8' });
      expect(status).toBe(3);
      expect(stderr).toContain('a part is missing or damaged, so nothing was joined');
      expect(existsSync(out)).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
