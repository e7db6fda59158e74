/** What a stream shows: a live view or lines, colours or none, and how many columns. */
import { styleText } from 'node:util';

type Environment = Readonly<Record<string, string | undefined>>;
type Output = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>;

const isSet = (value: string | undefined): boolean =>
  value !== undefined && !['', '0', 'false'].includes(value);

/** A build server keeps a log, in which nothing can be rewritten. */
export const isCi = (env: Environment): boolean => isSet(env.CI);

/** Whether lines can be rewritten in place: both streams are one terminal, and no build server reads it. */
export const isLive = (
  streams: readonly Pick<Output, 'isTTY'>[] = [process.stdout, process.stderr],
  env: Environment = process.env,
): boolean => streams.every(({ isTTY }) => isTTY) && !isCi(env) && env.TERM !== 'dumb';

/** FORCE_COLOR, unless it is 0 or false, and then NO_COLOR decide; without them, a terminal has colours. */
export function hasColours(stream: Pick<Output, 'isTTY'>, env: Environment = process.env): boolean {
  if (env.FORCE_COLOR !== undefined) return !['0', 'false'].includes(env.FORCE_COLOR);
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** Columns of a terminal. A log has no end of a line. */
export const columnsOf = (stream: Output): number =>
  stream.isTTY ? stream.columns || 80 : Number.POSITIVE_INFINITY;

const STYLES: readonly [RegExp, Parameters<typeof styleText>[0]][] = [
  [/✓(?: proven\b)?/g, 'green'],
  [/✗(?: refuted\b)?|NOT AS EXPECTED|FALSE ALARM/g, 'red'],
  [/\? inconclusive\b|^[!~≠](?= )/gm, 'yellow'],
  [/^ *(?:likely cause|fix|run again):/gm, 'bold'],
];

/** Paints the marks and labels of finished text. Text that comes from a trace can gain a colour, and nothing else. */
export const painted = (text: string): string =>
  STYLES.reduce(
    (done, [part, style]) =>
      done.replace(part, (found) => styleText(style, found, { validateStream: false })),
    text,
  );
