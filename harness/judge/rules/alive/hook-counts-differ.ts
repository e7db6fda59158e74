import { countRule } from './count-rule.ts';
import { hookCalls } from './segment.ts';

export const hookCountsDiffer = countRule(
  {
    id: 'hook-counts-differ',
    claim: 'Each gradient hook fires as often as in the control.',
    reads: 'the calls of each parameter’s gradient hook in each step',
    speaks: 'at the first step',
  },
  'hook calls',
  hookCalls,
  'hooks were registered twice, or only on some of the parameters',
  'register each hook once, after the resume, and remove the old hooks',
);
