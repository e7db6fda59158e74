/** `resumeproof explain` tells someone who has only the installed package what a verdict's names mean. */
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { CAUSES } from '../judge/causes/index.ts';
import { RULES } from '../judge/rules/index.ts';
import { resumeproof } from './testing/start.ts';

const explain = (...args: string[]) => resumeproof(tmpdir(), ['explain', ...args]);
const words = (text: string): string => text.replaceAll(/\s+/g, ' ');

test('a rule: its claim, what it reads, an example, likely causes, fixes and the causes that a verdict names', async () => {
  const { exitCode, stdout } = await explain('ema-not-restored');
  const { claim, reads, speaks } = RULES.find(({ id }) => id === 'ema-not-restored')!;
  expect(exitCode).toBe(0);
  const told = words(stdout);
  for (const part of [claim, `It reads ${reads}. Earliest finding: ${speaks}.`, 'Seen: ', '- ema-built-late'])
    expect(told).toContain(part);
  for (const heading of ['For example:', 'Likely causes: - ', 'How to fix: - '])
    expect(told).toContain(heading);
});

test('a cause, and a name that is both a rule and a cause', async () => {
  const cause = await explain('slots-zeroed');
  expect(words(cause.stdout)).toContain(CAUSES.find(({ id }) => id === 'slots-zeroed')!.means);
  expect(words(cause.stdout)).toContain('Its findings are headed by: - slots-not-restored');
  const both = JSON.parse((await explain('deviation-did-not-happen', '--json')).stdout);
  expect([both.rules.length, both.causes.length]).toEqual([1, 1]);
});

test('without a name, all rules and causes; each has what it needs', async () => {
  const { rules, causes } = JSON.parse((await explain('--json')).stdout);
  expect(rules.map(({ id }: { id: string }) => id)).toEqual(RULES.map(({ id }) => id));
  expect(causes.map(({ id }: { id: string }) => id)).toEqual(CAUSES.map(({ id }) => id));
  for (const { example, likelyCauses, fixes } of rules)
    expect([example.sentence, ...likelyCauses, ...fixes].every(Boolean) && fixes.length > 0).toBe(true);
  const { stdout } = await explain();
  expect(stdout).toContain('slots-not-restored');
  expect(stdout).toContain('slots-zeroed');
});

test('a misspelt name is refused in a line, with the nearest', async () => {
  const { exitCode, stderr } = await explain('slot-not-restored');
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(
    /^resumeproof: no rule or cause is called 'slot-not-restored'; did you mean slots-not-restored/,
  );
  expect((await explain('xyzzyxyzzyxyzzy')).stderr).toBe(
    "resumeproof: no rule or cause is called 'xyzzyxyzzyxyzzy'; resumeproof explain, without a name, lists them",
  );
});
