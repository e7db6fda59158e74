/** The gate as workflow commands of GitHub Actions, which become annotations of the job and of the changed files. */
import type { Gate, Verdict } from '../judge/verdict.ts';
import { fromCheckout } from './location.ts';
import { isGreen, reason } from './summary.ts';
import { cut, visible } from './text.ts';

const MESSAGE = 4000;

/**
 * One error for each scenario that is not as expected, one warning for each caveat, and an error for a gate that failed
 * for another reason. Each is one line.
 * @param code by scenario: where in the user's file it failed as `FILE:LINE`, and the code around it
 */
export function annotations(gate: Gate, code: ReadonlyMap<string, readonly string[]>): string {
  const lines = gate.verdicts.flatMap((verdict) => {
    const place = placeOf(gate, verdict, code.get(verdict.scenario)?.[0]);
    return [
      ...(verdict.asExpected ? [] : [command('error', place, titleOf(verdict), messageOf(verdict))]),
      ...verdict.caveats.map((caveat) => command('warning', place, verdict.scenario, caveat)),
    ];
  });
  const orphan = !isGreen(gate) && gate.verdicts.every(({ asExpected }) => asExpected);
  if (orphan || gate.problem !== null)
    lines.push(command('error', undefined, 'resumeproof', gate.problem ?? 'The gate failed.'));
  return lines.map((line) => `${line}\n`).join('');
}

interface Place {
  readonly file: string;
  readonly line: number;
}

/** The line of the user's code that failed, else the scenario's file. */
function placeOf({ origin }: Gate, { file }: Verdict, failed: string | undefined): Place | undefined {
  const [, own, line] = /^(.+?):(\d+)(?::\d+)?$/.exec(failed ?? '') ?? [];
  const exact = fromCheckout(origin, own?.replaceAll('\\', '/'));
  if (exact !== undefined) return { file: exact, line: Number(line) };
  const whole = fromCheckout(origin, file);
  return whole === undefined ? undefined : { file: whole, line: 1 };
}

const titleOf = ({ scenario, cause, findings }: Verdict): string => {
  const why = cause ?? findings[0]?.rule;
  return why === undefined ? scenario : `${scenario}: ${why}`;
};

function messageOf(verdict: Verdict): string {
  const [root] = verdict.findings;
  const because = root === undefined ? [] : [`Likely cause: ${root.likelyCause}`, `Fix: ${root.fix}`];
  return [reason(verdict), ...because, `Run again: ${verdict.replay}`].join('\n');
}

/** `::error file=…,line=…,title=…::message`, escaped as GitHub's own toolkit does. */
function command(
  kind: 'error' | 'warning',
  place: Place | undefined,
  title: string,
  message: string,
): string {
  const properties = [
    ...(place === undefined ? [] : [`file=${property(place.file)}`, `line=${place.line}`]),
    `title=${property(cut(visible(title), 200))}`,
  ];
  return `::${kind} ${properties.join(',')}::${data(cut(visible(message, MESSAGE), MESSAGE))}`;
}

const data = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
