/** The examples from the first batch that differs on, beside the control's. */
import { spanText } from '../spans.ts';
import type { Clues } from './clues.ts';

export interface Feed {
  /** The step whose batch differs first, and whether it is the first after the resume. */
  readonly step: number;
  readonly isFirst: boolean;
  readonly batch: readonly string[];
  readonly theirs: readonly string[];
  /** In which steps batches differ, as text. */
  readonly span: string;
  /** The examples with which the two batches begin alike. */
  readonly right: number;
  /** All examples of the control, and the place of this batch among them. */
  readonly stream: readonly string[];
  /** The control's step that each of them is of. */
  readonly steps: readonly number[];
  readonly here: number;
  /** The examples of the resumed run from this batch on, and the batches of the control in the same steps. */
  readonly mine: readonly string[];
  readonly batches: readonly (readonly string[])[];
  readonly due: readonly (readonly string[])[];
  /** The control's examples before this batch, and after it. */
  readonly past: ReadonlySet<string>;
  readonly later: ReadonlySet<string>;
  /** The sizes of the batches: from this batch on, and of the control from its first step on. */
  readonly sizes: { readonly mine: readonly number[]; readonly control: readonly number[] };
}

/** Undefined if no batch differs. */
export function feedOf({ evidence, pairs }: Clues): Feed | undefined {
  const told = pairs.filter(
    // An empty batch is one that nobody told.
    ({ control, resumed }) => control.claimed.batch.length > 0 && resumed.claimed.batch.length > 0,
  );
  const differing = told.filter(
    ({ control, resumed }) => JSON.stringify(control.claimed.batch) !== JSON.stringify(resumed.claimed.batch),
  );
  const [pair] = differing;
  const at = pair === undefined ? -1 : pairs.indexOf(pair);
  if (pair === undefined) return undefined;
  const steps = evidence.control?.steps ?? [];
  const idsOf = (some: typeof steps): string[] => some.flatMap(({ claimed }) => claimed.batch);
  const before = steps.filter(({ step }) => step < pair.control.step);
  const [batch, theirs] = [pair.resumed.claimed.batch, pair.control.claimed.batch];
  const differs = batch.findIndex((id, place) => id !== theirs[place]);
  const rest = pairs.slice(at);
  return {
    step: pair.resumed.step,
    isFirst: at === 0,
    span: spanText(
      differing.map(({ resumed }) => resumed.step),
      told.map(({ resumed }) => resumed.step),
    ),
    batch,
    theirs,
    right: differs < 0 ? batch.length : differs,
    stream: idsOf(steps),
    steps: steps.flatMap(({ step, claimed }) => claimed.batch.map(() => step)),
    here: idsOf(before).length,
    mine: idsOf(rest.map(({ resumed }) => resumed)),
    batches: rest.map(({ resumed }) => resumed.claimed.batch),
    due: rest.map(({ control }) => control.claimed.batch),
    past: new Set(idsOf(before)),
    later: new Set(idsOf(steps.filter(({ step }) => step > pair.control.step))),
    sizes: {
      mine: rest.map(({ resumed }) => resumed.claimed.batch.length),
      control: steps.map(({ claimed }) => claimed.batch.length),
    },
  };
}
