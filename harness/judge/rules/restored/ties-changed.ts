import type { StateRecord, TensorRecord } from '../../../trace/schema.ts';
import { enumerated } from '../../words.ts';
import { traitRule } from './trait-rule.ts';

const byStorage = new WeakMap<StateRecord, ReadonlyMap<TensorRecord['storage'], readonly string[]>>();

/** The names of the parameters that share each storage, in order. */
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
  claim: 'Parameters that shared storage still do, and no others.',
  noun: 'sharing of storage',
  of: ({ name, storage }, state) => {
    const sharers = storages(state)
      .get(storage)!
      .filter((other) => other !== name);
    return sharers.length === 0 ? 'shared with none' : `shared with ${enumerated(sharers)}`;
  },
  likelyCause: 'the load gave each name a tensor of its own, or one tensor to names that had parted',
  fix: 'tie the weights again after the load, as the model’s constructor does',
});
