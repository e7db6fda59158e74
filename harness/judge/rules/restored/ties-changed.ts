import type { StateRecord, TensorRecord } from '../../../trace/schema.ts';
import { enumerated } from '../../words.ts';
import { traitRule } from './trait-rule.ts';

const byStorage = new WeakMap<StateRecord, ReadonlyMap<TensorRecord['storage'], readonly string[]>>();

/** The names of the parameters that share each storage, sorted. */
function storages(state: StateRecord): ReadonlyMap<TensorRecord['storage'], readonly string[]> {
  let shared = byStorage.get(state);
  if (shared === undefined) {
    const parameters = state.tensors.filter(({ kind }) => kind === 'parameter');
    const groups = Map.groupBy(parameters, ({ storage }) => storage);
    shared = new Map([...groups].map(([storage, those]) => [storage, those.map(({ name }) => name).sort()]));
    byStorage.set(state, shared);
  }
  return shared;
}

export const tiesChanged = traitRule({
  id: 'ties-changed',
  claim: 'The same parameters share storage as at the save.',
  noun: 'shared storage',
  of: ({ name, storage }, state) => {
    const sharers = storages(state)
      .get(storage)!
      .filter((other) => other !== name);
    return sharers.length === 0 ? 'not shared' : `shared with ${enumerated(sharers)}`;
  },
  likelyCause: 'the load gave each name its own tensor, or gave one tensor to names that were not tied',
  fix: 'tie the parameters again after the load, as the model’s constructor does',
});
