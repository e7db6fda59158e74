/** Real processes that do not end, that leave others behind, and that write without bounds. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProcess } from './start.ts';
import { survivors } from './testing/survivors.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-processes-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const channel = JSON.stringify(path.join(import.meta.dirname, 'channel.ts'));
let written = 0;

/** Starts a module of this text; `tell` and `hear` are imported, and `spawn`. */
async function start(text: string) {
  const file = path.join(scratch, `${written++}.ts`);
  const imports = `import { hear, tell } from ${channel};\nimport { spawn } from 'node:child_process';\n`;
  await writeFile(file, `${imports}void hear;\nvoid spawn;\n${text}`);
  const messages: unknown[] = [];
  const told = Promise.withResolvers<void>();
  const child = startProcess({
    args: [file],
    onMessage(message) {
      messages.push(message);
      told.resolve();
    },
  });
  return { ...child, messages, told: told.promise };
}

const BUSY = `['-e', 'for (;;);']`;

test('a message reaches the process and its answer comes back, however soon it exits', async () => {
  const child = await start('tell(await hear()); tell({ long: "x".repeat(1e6) }); process.exit(3);');
  child.send({ text: 'ä' });
  const end = await child.ended;
  expect(end).toMatchObject({ exitCode: 3, signal: null });
  expect(child.messages).toEqual([{ text: 'ä' }, { long: 'x'.repeat(1e6) }]);
});

test.each([
  ['has no environment', `{ stdio: 'inherit', env: {} }`],
  // Elsewhere than on Linux it is not found; see mark.ts.
  ...(process.platform === 'linux'
    ? [['runs in a session of its own', `{ stdio: 'inherit', detached: true }`]]
    : []),
])('what the process leaves behind is ended: a busy process that %s', async (_, options) => {
  const child = await start(`tell(spawn(process.execPath, ${BUSY}, ${options}).pid); process.exit();`);
  expect(await child.ended).toMatchObject({ exitCode: 0 });
  expect(child.messages).toHaveLength(1);
  expect(await survivors(child.messages as number[])).toEqual([]);
});

test('one that cannot be found keeps nobody waiting, though it holds the pipes', async () => {
  const options = `{ stdio: 'inherit', detached: true, env: {} }`;
  const child = await start(`tell(spawn(process.execPath, ${BUSY}, ${options}).pid); process.exit();`);
  expect(await child.ended).toMatchObject({ exitCode: 0 });
  process.kill(child.messages[0] as number, 'SIGKILL');
});

test('a process and its children are ended at once, busy or not', async () => {
  const child = await start(`tell(spawn(process.execPath, ${BUSY}, { detached: true }).pid); for (;;);`);
  await child.told;
  child.end();
  expect(await child.ended).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
  expect(await survivors(child.messages as number[])).toEqual([]);
});

test('they are ended too once the process that started them is killed', async () => {
  const pids = path.join(scratch, 'pids');
  const busy = path.join(scratch, 'busy.ts');
  await writeFile(
    busy,
    `import { spawn } from 'node:child_process';
     import { tell } from ${channel};
     tell([process.pid, spawn(process.execPath, ${BUSY}, { detached: true }).pid]);
     for (;;);`,
  );
  const parent = path.join(scratch, 'parent.ts');
  await writeFile(
    parent,
    `import { writeFileSync } from 'node:fs';
     import { startProcess } from ${JSON.stringify(path.join(import.meta.dirname, 'start.ts'))};
     startProcess({ args: [${JSON.stringify(busy)}], onMessage(pids) {
       writeFileSync(${JSON.stringify(pids)}, JSON.stringify(pids));
       process.kill(process.pid, 'SIGKILL');
     } });`,
  );
  const gate = spawn(process.execPath, ['--no-warnings', parent], { stdio: 'inherit' });
  await new Promise((resolve) => gate.once('exit', resolve));
  expect(gate.signalCode).toBe('SIGKILL');
  const started: number[] = JSON.parse(await readFile(pids, 'utf8'));
  expect(started).toHaveLength(2);
  expect(await survivors(started)).toEqual([]);
});

test('a gigabyte without a line end is read within bounds, and its last lines are kept', async () => {
  const child = await start(
    `import { writeSync } from 'node:fs';
     const some = Buffer.alloc(2 ** 20, 'x');
     for (let left = 2 ** 30; left > 0; ) left -= writeSync(2, some);
     writeSync(2, '\\nits last\\nwords\\n');`,
  );
  const before = process.memoryUsage().rss;
  const { exitCode, lastLines } = await child.ended;
  expect(exitCode, lastLines.join('\n')).toBe(0);
  expect(lastLines.slice(-2)).toEqual(['its last', 'words']);
  expect(lastLines[0]).toBe('x'.repeat(2000));
  expect(process.memoryUsage().rss - before).toBeLessThan(300 * 2 ** 20);
});

test('of a line that is written over again and again, the last text is kept', async () => {
  const child = await start(
    `import { writeSync } from 'node:fs';
     writeSync(2, ' 10% \\r 50% \\r\\n\\r100%\\r    \\n');`,
  );
  expect((await child.ended).lastLines).toEqual([' 50% ', '100%']);
});

test('what is no message is left out, and process.send has no channel', async () => {
  const child = await start(
    `import { writeSync } from 'node:fs';
     tell(process.send === undefined);
     writeSync(3, 'junk\\n\\n{"half":\\n');
     writeSync(3, '"');
     for (let megabyte = 0; megabyte < 20; megabyte += 1) writeSync(3, 'y'.repeat(2 ** 20));
     writeSync(3, '"\\n');
     tell(null);`,
  );
  expect(await child.ended).toMatchObject({ exitCode: 0 });
  expect(child.messages).toEqual([true, null]);
});

test('a process that cannot be started says why', async () => {
  const { execPath } = process;
  process.execPath = path.join(scratch, 'no-node');
  try {
    const child = startProcess({ args: [], onMessage() {} });
    child.end();
    const { exitCode, signal, lastLines } = await child.ended;
    expect({ exitCode, signal }).toEqual({ exitCode: null, signal: null });
    expect(lastLines.join()).toContain('ENOENT');
  } finally {
    process.execPath = execPath;
  }
});
