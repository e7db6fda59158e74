/** A Redis server of a test's own, on a free port and in a temporary folder. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Tests that need one are skipped without it, which stderr and the last lines of `npm test` say. */
export const hasRedis = (() => {
  try {
    execFileSync('redis-server', ['--version']);
    return true;
  } catch {
    process.stderr.write(
      'WITHOUT redis-server: the queue is not tested; on Debian and Ubuntu, install it with: apt-get install -y redis-server\n',
    );
    return false;
  }
})();

export interface TestRedis {
  readonly url: string;
  /** What redis-cli prints. */
  cli(...args: string[]): string;
  /** Ends the server at once, as a power cut does. */
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  start(data?: 'kept' | 'lost'): Promise<void>;
  /** Ends the server and removes its folder. */
  remove(): Promise<void>;
}

/** @param password that the server requires; none by default */
export async function startRedis(password?: string): Promise<TestRedis> {
  const port = String(await freePort());
  const folder = mkdtempSync(path.join(tmpdir(), 'resumeproof-redis-'));
  const data = path.join(folder, 'data');
  const auth = password === undefined ? [] : ['--requirepass', password];
  const secret = password === undefined ? [] : ['-a', password, '--no-auth-warning'];
  let server: ChildProcess | undefined;
  const cli = (...args: string[]): string =>
    execFileSync('redis-cli', ['-p', port, ...secret, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  const isUp = (): boolean => {
    try {
      return cli('ping') === 'PONG';
    } catch {
      return false;
    }
  };
  const own: TestRedis = {
    url: `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`,
    cli,
    async kill() {
      const ended = new Promise((resolve) => server?.once('exit', resolve) ?? resolve(undefined));
      server?.kill('SIGKILL');
      await ended;
      server = undefined;
    },
    async start(kept = 'kept') {
      if (kept === 'lost') rmSync(data, { recursive: true, force: true });
      mkdirSync(data, { recursive: true });
      const keep = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
      server = spawn(
        'redis-server',
        ['--port', port, '--bind', '127.0.0.1', '--dir', data, ...keep, ...auth],
        {
          stdio: 'ignore',
        },
      );
      while (!isUp()) await new Promise((resolve) => setTimeout(resolve, 50));
    },
    async remove() {
      if (server !== undefined) await own.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await own.start();
  return own;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
