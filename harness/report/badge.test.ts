import { expect, test } from 'vitest';
import { badge } from './badge.ts';
import { gate, verdict } from './testing/build.ts';

test('a badge is green only if the gate is, and counts', () => {
  const bad = verdict({ asExpected: false });
  const skipped = verdict({ outcome: 'skipped' });
  const shown = (...own: Parameters<typeof gate>): string => {
    const { schemaVersion, label, message, color } = badge(gate(...own));
    expect({ schemaVersion, label }).toEqual({ schemaVersion: 1, label: 'resume' });
    return `${message}, ${color}`;
  };
  expect(shown([verdict(), verdict(), skipped])).toBe('2 proven, brightgreen');
  expect(shown([verdict({ outcome: 'refuted', expect: ['silent-no-op'] })])).toBe('as expected, brightgreen');
  expect(shown([verdict(), bad])).toBe('1 of 2 failed, red');
  expect(shown([verdict()], { passed: false, problem: 'Interrupted' })).toBe('failed, red');
  expect(shown([], { passed: true })).toBe('failed, red');
});
