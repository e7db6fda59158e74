import { initialState, isAsIn } from '../../compare.ts';
import { plural } from '../../words.ts';
import { tensorRule } from './tensor-rule.ts';

export const parametersNotRestored = tensorRule({
  id: 'parameters-not-restored',
  kind: 'parameter',
  noun: 'parameter',
  claim: 'Every parameter is restored with its bytes, shape and type.',
  likelyCause: (_resume, found, evidence) => {
    if (found.every(isAsIn(initialState(evidence), 'parameter')))
      return 'they have their initial values: nothing was loaded, or they were initialised after the load';
    const absent = found.filter(({ resumed }) => resumed === undefined).length;
    if (absent > 0) return `${absent} of them ${plural(absent, 'is', 'are')} missing from the resumed model`;
    return 'the load skipped them, converted them, or stored them under other names, or something wrote to them after the load';
  },
  fix: 'load strictly, so that every name must match, and write nothing to the parameters after the load',
});
