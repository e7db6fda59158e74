/**
 * Folders of a process's own. Processes of a scenario share a machine, so state that a trainer keeps in a temporary
 * file, in the home folder or in the working folder would reach the resumed process without being in the checkpoint.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** The name of the folder that holds them. */
export const OWN = 'own';

export interface OwnFolders {
  /** Variables of the environment that name the folders. */
  readonly env: Readonly<Record<string, string>>;
  /** The working folder. */
  readonly work: string;
  /** What the process left in them: paths of files, relative to the folder that holds them. */
  left(): string[];
  /** Removes the folders and what the process left in them. */
  remove(): void;
}

/** Makes empty folders for one process, in one of this folder. */
export function ownFolders(within: string): OwnFolders {
  const root = path.join(within, OWN);
  const made = (name: string): string => {
    const folder = path.join(root, name);
    // The runtime folder must be closed to other users.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  };
  const [work, temporary, home] = [made('work'), made('tmp'), made('home')];
  return {
    work,
    env: {
      PWD: work,
      ...named(['TMPDIR', 'TMP', 'TEMP'], temporary),
      ...named(['HOME', 'USERPROFILE'], home),
      ...(process.platform === 'win32'
        ? named(['APPDATA', 'LOCALAPPDATA'], made('home/AppData'))
        : {
            XDG_CACHE_HOME: made('home/.cache'),
            XDG_CONFIG_HOME: made('home/.config'),
            XDG_DATA_HOME: made('home/.local/share'),
            XDG_STATE_HOME: made('home/.local/state'),
            XDG_RUNTIME_DIR: made('run'),
          }),
      ...driverFolders(process.env, homedir()),
    },
    left: () => filesIn(root),
    remove() {
      try {
        rmSync(root, { recursive: true, force: true });
      } catch {
        // What the process made undeletable is left, and no other process looks there.
      }
    },
  };
}

/** The files in a folder and all folders in it, by relative paths with `/`; none if it cannot be read. */
export function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ parentPath, name }) =>
        path.relative(folder, path.join(parentPath, name)).replaceAll(path.sep, '/'),
      )
      .sort();
  } catch {
    return [];
  }
}

const named = (names: readonly string[], folder: string): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, folder]));

/**
 * What drivers find below the real home folder, by variables that only they read: compiled shaders and kernels, which
 * every process would compile again, and drivers that the user installed.
 */
function driverFolders(env: NodeJS.ProcessEnv, home: string): Record<string, string> {
  if (process.platform === 'win32') return {};
  const under = (variable: string, otherwise: string): string =>
    env[variable] || path.join(home, ...otherwise.split('/'));
  const cache = under('XDG_CACHE_HOME', '.cache');
  const searched = (variable: string, first: string, otherwise: string): string =>
    `${first}${path.delimiter}${env[variable] || otherwise}`;
  return {
    MESA_SHADER_CACHE_DIR: env.MESA_SHADER_CACHE_DIR || cache,
    __GL_SHADER_DISK_CACHE_PATH: env.__GL_SHADER_DISK_CACHE_PATH || path.join(cache, 'nvidia'),
    CUDA_CACHE_PATH: env.CUDA_CACHE_PATH || path.join(home, '.nv', 'ComputeCache'),
    PLAYWRIGHT_BROWSERS_PATH: env.PLAYWRIGHT_BROWSERS_PATH || path.join(cache, 'ms-playwright'),
    XDG_CONFIG_DIRS: searched('XDG_CONFIG_DIRS', under('XDG_CONFIG_HOME', '.config'), '/etc/xdg'),
    XDG_DATA_DIRS: searched(
      'XDG_DATA_DIRS',
      under('XDG_DATA_HOME', '.local/share'),
      '/usr/local/share:/usr/share',
    ),
  };
}
