/** A loaded scenario as the judge knows it. */
import type { Subject } from '../judge/judge.ts';
import type { LoadedScenario } from './scenario.ts';

/** @param replay the command that runs it again */
export function subjectOf({ name, scenario }: LoadedScenario, replay: string): Subject {
  const { about, expect = 'proven' } = scenario;
  return { scenario: name, about, expect: expect === 'proven' ? expect : [...expect], replay };
}
