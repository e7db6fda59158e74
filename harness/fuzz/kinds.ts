/** What a history does, in words, so that one can see what a search has tried. */
import { endOf, type History, resumesIn, settingNames } from '../trace/history.ts';

/** The kinds that a history is of. Most are of several. */
export function kindsOf(history: History): string[] {
  const { processes, changes = [] } = history;
  const resumes = resumesIn(history);
  const sources = resumes.map(({ from }) => `${from.process} ${from.step}`);
  const savesOf = (id: string): readonly number[] => processes.find((process) => process.id === id)!.saves;
  const kinds: [string, boolean][] = [
    ['resumes once', resumes.length === 1],
    ['resumes several times', resumes.length > 1],
    ['resumes after the first step', resumes.some(({ from }) => from.step === 1)],
    ['resumes before the last step', resumes.some(({ from }) => from.step === endOf(history) - 1)],
    ['saves and goes on', processes.some(({ saves, until }) => saves.some((step) => step < until))],
    [
      'resumes from an older checkpoint',
      resumes.some(({ from }) => savesOf(from.process).at(-1)! > from.step),
    ],
    ['resumes twice from one checkpoint', new Set(sources).size < sources.length],
    ['loads and saves without a step', resumes.some(({ from, saves }) => saves.includes(from.step))],
    ['loads and trains no step', resumes.some(({ from, until }) => until === from.step)],
    ['is killed', processes.some(({ killed, inSave }) => killed === true && inSave === undefined)],
    ['is killed in a save', processes.some(({ inSave }) => inSave !== undefined)],
    ['resumes on another backend', processes.some(({ backend }) => backend !== undefined)],
    ...changes.flatMap((change) =>
      settingNames(change).map((name): [string, boolean] => [`changes ${name}`, true]),
    ),
  ];
  return kinds.filter(([, is]) => is).map(([kind]) => kind);
}
