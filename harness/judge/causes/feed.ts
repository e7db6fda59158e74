/** The examples from the first batch that differs on, beside the control's. */
import type { Clues } from './clues.ts';

export interface Feed {
  /** The step whose batch differs first, and whether it is the first after the resume. */
  readonly step: number;
  readonly isFirst: boolean;
  readonly batch: readonly string[];
  readonly theirs: readonly string[];
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
  /** The control's examples before the resume, and after this batch. */
  readonly past: ReadonlySet<string>;
  readonly later: ReadonlySet<string>;
  /** The sizes of the batches: from this batch on, and of the control from its first step on. */
  readonly sizes: { readonly mine: readonly number[]; readonly control: readonly number[] };
}

/** Undefined if no batch differs. */
export function feedOf({ evidence, resume, pairs }: Clues): Feed | undefined {
  const at = pairs.findIndex(({ control, resumed }) => {
    const [theirs, mine] = [control.claimed.batch, resumed.claimed.batch];
    // An empty batch is one that nobody told.
    return theirs.length > 0 && mine.length > 0 && JSON.stringify(theirs) !== JSON.stringify(mine);
  });
  const pair = pairs[at];
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
    batch,
    theirs,
    right: differs < 0 ? batch.length : differs,
    stream: idsOf(steps),
    steps: steps.flatMap(({ step, claimed }) => claimed.batch.map(() => step)),
    here: idsOf(before).length,
    mine: idsOf(rest.map(({ resumed }) => resumed)),
    batches: rest.map(({ resumed }) => resumed.claimed.batch),
    due: rest.map(({ control }) => control.claimed.batch),
    past: new Set(idsOf(steps.filter(({ step }) => step <= resume.from))),
    later: new Set(idsOf(steps.filter(({ step }) => step > pair.control.step))),
    sizes: {
      mine: rest.map(({ resumed }) => resumed.claimed.batch.length),
      control: steps.map(({ claimed }) => claimed.batch.length),
    },
  };
}
