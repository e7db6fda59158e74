/** The optimizer slots differ from the saved ones. */
import type { TensorRecord } from '../../trace/schema.ts';
import { indexOf } from '../columns.ts';
import { type Difference, isReordered, manner, orderText } from '../compare.ts';
import { tensorsOf } from '../evidence.ts';
import { slotKind } from '../slot-names.ts';
import { figure, insteadOf, listed, ofAll, plural, whichOf } from '../words.ts';
import type { Cause } from './cause.ts';
import { areFresh, type Clues, counterNames, isRounded } from './clues.ts';
import { BY_NAME, copiesText, holdersAmong } from './holders.ts';

const HEADS = ['slots-not-restored'];
const EXPLAINS = [...HEADS, 'counter:optimizer'];

const kindOf = ({ saved, resumed }: Difference): string => slotKind((saved ?? resumed)!);

/** How much larger or smaller than the control's the first updates are, as text; empty if unknown. */
function firstUpdates({ pairs }: Clues, of: readonly Difference[]): string {
  const those = new Set(of.flatMap(({ saved }) => saved?.parameter ?? []));
  for (const { control, resumed } of pairs) {
    const ratios = resumed.names.flatMap((name, at) => {
      const theirs = control.updateL2[indexOf(control.names).get(name) ?? -1];
      return those.has(name) && theirs !== undefined && theirs > 0 ? [resumed.updateL2[at]! / theirs] : [];
    });
    if (ratios.length === 0) continue;
    const farthest = ratios.reduce((a, b) => (Math.abs(Math.log(b)) > Math.abs(Math.log(a)) ? b : a));
    if (!Number.isFinite(farthest) || farthest === 1) return '';
    return farthest > 1
      ? `; the first updates are up to ${figure(farthest)} times too large`
      : `; the first updates are as small as ${figure(farthest)} times the control’s`;
  }
  return '';
}

const whole = ({ of, total }: { of: readonly Difference[]; total: number }): boolean => of.length === total;

export const SLOTS: readonly Cause[] = [
  {
    id: 'master-weights-stale',
    means: 'The parameters were restored, but the full-precision master weights were not.',
    heads: HEADS,
    explains: EXPLAINS,
    diagnose(clues) {
      const { of, total } = clues.changed('slot');
      if (of.length === 0 || !of.every((one) => /master/i.test(kindOf(one)))) return undefined;
      return `${ofAll(of.length, total, 'optimizer slot')}, the master weights, are ${manner(of)}: the first update overwrites the parameters with them`;
    },
  },
  {
    id: 'slots-permuted',
    means: 'Slots were restored under the names of other slots.',
    heads: HEADS,
    explains: EXPLAINS,
    diagnose(clues) {
      const { of, total } = clues.changed('slot');
      const held = holdersAmong('slot', of, clues.resume.saved);
      if (held === undefined || !held.exchanged) return undefined;
      const [first] = held.holders;
      return `${ofAll(of.length, total, 'optimizer slot')} hold each other’s values: '${first!.name}' has those of '${first!.of.name}'; they were matched by position instead of by name${firstUpdates(clues, of)}`;
    },
  },
  {
    id: 'slots-copied',
    means: 'Slots hold the saved values of other tensors, which keep their own.',
    fix: BY_NAME,
    heads: HEADS,
    explains: EXPLAINS,
    diagnose(clues) {
      const { of, total } = clues.changed('slot');
      const held = holdersAmong('slot', of, clues.resume.saved);
      if (held === undefined || held.exchanged) return undefined;
      return `${copiesText(held, 'slot', total)}${firstUpdates(clues, of)}`;
    },
  },
  {
    id: 'slots-reordered',
    means:
      'Slots hold their saved values in another order: transposed, permuted or in another memory layout.',
    heads: HEADS,
    explains: EXPLAINS,
    diagnose(clues) {
      const { of, total } = clues.changed('slot');
      if (of.length === 0 || !of.every(isReordered)) return undefined;
      const names = listed(of.map(({ name }) => name));
      return `${ofAll(of.length, total, 'optimizer slot')} (${names}) ${plural(of.length, 'holds its', 'hold their')} saved values in another order: transposed, permuted or in another memory layout${firstUpdates(clues, of)}`;
    },
  },
  {
    id: 'slots-rounded',
    means: 'Slots were converted to a narrower type.',
    heads: HEADS,
    explains: EXPLAINS,
    diagnose(clues) {
      const { of, total } = clues.changed('slot');
      if (of.length === 0 || !of.every(isRounded)) return undefined;
      return `${whichOf(of, total, 'optimizer slot')} ${plural(of.length, 'was', 'were')} restored with ${Math.max(...of.map(({ resumed }) => resumed!.bits!))} significant bits instead of ${Math.max(...of.map(({ saved }) => saved!.bits!))}: ${plural(of.length, 'it was', 'they were')} converted to a narrower type`;
    },
  },
  {
    id: 'slot-kind-lost',
    means: 'One kind of slot, such as the second moments, was lost. The others were restored.',
    heads: HEADS,
    explains: EXPLAINS,
    diagnose(clues) {
      const slots = clues.changed('slot');
      const { of } = slots;
      const way = manner(of);
      const kinds = new Set(of.map(kindOf));
      const saved = [...tensorsOf(clues.resume.saved, 'slot').values()];
      const isOfKind = (slot: TensorRecord): boolean => kinds.has(slotKind(slot));
      // Slots that were saved as zeros cannot be lost this way.
      const all = saved.filter((slot) => isOfKind(slot) && slot.l2 !== 0);
      const others = saved.some((slot) => !isOfKind(slot));
      if (of.length === 0 || kinds.size !== 1 || !others || of.length < all.length) return undefined;
      if (!['missing', 'zero'].includes(way)) return undefined;
      const [kind] = kinds;
      const moments = /sq|second|(^|_)v$|variance/i.test(kind!)
        ? 'second moments'
        : /exp_avg|first|momentum|(^|_)m$/i.test(kind!)
          ? 'first moments'
          : 'slots';
      return `the optimizer’s ${moments} (${kind}) ${way === 'zero' ? 'were zeroed' : 'were not restored'}; the other slots were restored${firstUpdates(clues, of)}`;
    },
  },
  {
    id: 'slots-zeroed',
    means: 'Slots were recreated as zeros.',
    heads: HEADS,
    explains: EXPLAINS,
    diagnose(clues) {
      const { of, total } = clues.changed('slot');
      if (of.length === 0 || manner(of) !== 'zero') return undefined;
      return `${whichOf(of, total, 'optimizer slot')} ${plural(of.length, 'was zeroed: it was', 'were zeroed: they were')} created again${firstUpdates(clues, of)}`;
    },
  },
  {
    id: 'slots-missing',
    means: 'No slot was restored.',
    heads: HEADS,
    explains: EXPLAINS,
    diagnose(clues) {
      const slots = clues.changed('slot');
      if (slots.of.length === 0 || !whole(slots) || manner(slots.of) !== 'missing') return undefined;
      const steps = clues.counters.filter(({ kind }) => kind === 'optimizer');
      const counted = areFresh(steps) ? ', and neither was its step count' : '';
      return `none of the optimizer’s ${slots.total} slots was restored${counted}${firstUpdates(clues, slots.of)}`;
    },
  },
  {
    id: 'slots-partly-lost',
    means: 'The slots of some parameters were not restored.',
    heads: HEADS,
    explains: EXPLAINS,
    diagnose(clues) {
      const { of, total } = clues.changed('slot');
      if (of.length === 0 || manner(of) !== 'missing') return undefined;
      const owners = [...new Set(of.map(({ name, saved }) => saved?.parameter ?? name))];
      return `${ofAll(of.length, total, 'optimizer slot')} ${plural(of.length, 'is', 'are')} missing: those of ${listed(owners)}${firstUpdates(clues, of)}`;
    },
  },
  {
    id: 'slots-of-older-step',
    means: 'Slots are from an earlier step.',
    heads: HEADS,
    explains: EXPLAINS,
    diagnose(clues) {
      const { of, total } = clues.changed('slot');
      const state = clues.pastStates.findLast((one) => {
        const then = tensorsOf(one, 'slot');
        return of.every(
          ({ name, resumed }) => resumed !== undefined && then.get(name)?.digest === resumed.digest,
        );
      });
      if (of.length === 0 || state === undefined) return undefined;
      return `${whichOf(of, total, 'optimizer slot')} ${plural(of.length, 'is', 'are')} from step ${state.step}, but the run was saved at step ${clues.resume.from}: ${plural(of.length, 'it comes', 'they come')} from an older checkpoint or ${plural(of.length, 'was', 'were')} never replaced${firstUpdates(clues, of)}`;
    },
  },
];

export const SLOTS_CHANGED: Cause = {
  id: 'slots-changed',
  means:
    'Slots match neither the saved ones nor those of any earlier step: they were converted, cut or ordered differently, or updated by the restore.',
  fix: 'compare what the save writes for a slot with what the load reads: its type, its order, and where a flat tensor is cut',
  heads: HEADS,
  explains: EXPLAINS,
  diagnose(clues) {
    const { of, total } = clues.changed('slot');
    const [first] = of;
    if (first === undefined) return undefined;
    const steps = clues.counters.filter(({ kind }) => kind === 'optimizer');
    const stepped = steps.length > 0 ? `; ${counterNames(steps)}, as if the restore had made a step` : '';
    return `${ofAll(of.length, total, 'optimizer slot')} ${plural(of.length, 'differs from the saved one', 'differ from the saved ones')} ('${first.name}': L2 norm ${insteadOf(first.resumed?.l2, first.saved?.l2)}${orderText(first)})${stepped}${firstUpdates(clues, of)}`;
  },
};
