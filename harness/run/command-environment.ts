/** What a program and its recorder are told: the words of the command, and variables of the environment. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type CommandJob, holdsOf, isStoppedAtSave } from './command-job.ts';
import { filled, type Places } from './command-words.ts';

export function resumePlaces({ part: { from }, left }: CommandJob, run: string): Partial<Places> {
  if (from === null) return {};
  const { checkpoint } = left ?? {};
  return {
    step: String(from.step),
    ...(checkpoint === undefined ? {} : { checkpoint: path.join(run, checkpoint) }),
  };
}

export function environment(
  job: CommandJob,
  places: Places,
  { file, saves, tmp }: { readonly file: string; readonly saves: string; readonly tmp: string },
): Record<string, string | undefined> {
  const { part, horizon, told, seed, scenario, command } = job;
  const { role, id, from } = part;
  const isExit = command.stop === 'exit' && role !== 'saver' && isStoppedAtSave(part);
  const given = Object.fromEntries(
    Object.entries(command.env ?? {}).map(([name, value]) => [name, filled(value, places)]),
  );
  const paths = [recorderFolder(), given.PYTHONPATH ?? process.env.PYTHONPATH ?? ''];
  return {
    // Another one in each process: what depends on it must show.
    PYTHONHASHSEED: String(hashSeedOf(id)),
    TMPDIR: tmp,
    TMP: tmp,
    TEMP: tmp,
    ...given,
    PYTHONPATH: paths.filter(Boolean).join(path.delimiter),
    RESUMEPROOF_TRACE: file,
    RESUMEPROOF_SAVES: saves,
    RESUMEPROOF_SCENARIO: scenario,
    RESUMEPROOF_ID: id,
    RESUMEPROOF_ROLE: role,
    RESUMEPROOF_HORIZON: String(horizon),
    // It knows nothing of being killed.
    RESUMEPROOF_UNTIL: String(part.killed === true ? horizon : part.until),
    RESUMEPROOF_FROM: from === null ? undefined : `${from.process}:step-${from.step}:${from.step}`,
    RESUMEPROOF_SEED: String(seed),
    RESUMEPROOF_PASS: part.passes.join(','),
    // What a saver departs from shows after its first save, wherever that is.
    RESUMEPROOF_SAVE_AT: role === 'saver' ? undefined : part.saves.join(','),
    RESUMEPROOF_HOLD: holdsOf(job).join(','),
    RESUMEPROOF_IN_SAVE: part.inSave === undefined ? undefined : `${part.until}:${part.inSave}:${places.run}`,
    RESUMEPROOF_STOP: job.signalAt !== undefined ? '0' : isExit ? 'exit' : '1',
    RESUMEPROOF_STEP: command.stepIs ?? 'micro-batch',
    RESUMEPROOF_LACKS: told?.lacks.join(','),
    RESUMEPROOF_RANDOM: told?.random.join(','),
  };
}

/** The same each time a process of this id runs. */
const hashSeedOf = (id: string): number =>
  [...id].reduce((seed, letter) => (Math.imul(seed, 31) + letter.charCodeAt(0)) >>> 0, 7);

/** Python imports the recorder from this folder: beside the package's modules, or in the repository. */
function recorderFolder(): string {
  const within = path.join('recorders', 'python', 'src', 'resumeproof', 'bootstrap');
  const built = path.join(import.meta.dirname, '..', within);
  return existsSync(built) ? built : path.join(import.meta.dirname, '..', '..', within);
}
