import { initialState, isAsIn } from '../../compare.ts';
import { tensorRule } from './tensor-rule.ts';

export const parametersNotRestored = tensorRule({
  id: 'parameters-not-restored',
  kind: 'parameter',
  noun: 'parameter',
  claim: 'Every parameter comes back with its bytes, shape and type.',
  likelyCause: (_resume, found, evidence) => {
    if (found.every(isAsIn(initialState(evidence), 'parameter')))
      return 'they are as in a run that just began: nothing was loaded, or they were initialised after the load';
    const absent = found.filter(({ resumed }) => resumed === undefined).length;
    if (absent > 0) return `${absent} of them are not in the resumed model at all`;
    return 'the load skipped them, converted them, put them elsewhere, or something wrote to them after it';
  },
  fix: 'load strictly, with every name accounted for, and let nothing write to the weights after the load',
});
