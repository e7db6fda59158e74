/** Opens a file or an address in the user's browser. */
import { spawn } from 'node:child_process';
import { say } from './exit.ts';

const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  // The first quoted word is the title of a window.
  win32: ['cmd', '/c', 'start', '""'],
};

/** Whoever calls this has printed it before, so a machine without a browser needs no error. */
export async function openInBrowser(what: string): Promise<void> {
  const [program, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...args, what], { stdio: 'ignore', detached: true });
  child.unref();
  const error = await new Promise<Error | undefined>((resolve) => {
    child.once('error', resolve);
    child.once('spawn', () => resolve(undefined));
  });
  if (error !== undefined) say(`cannot open it: ${error.message}`);
}
