/** Stops zod at the first issue: hostile data may hold millions, of a kilobyte each, and one is enough. */
import type { z } from 'zod';

/** Pass it to `safeParse`. Zod sets it in its `validate`, which tells no issue. It does not stop in a `z.record`. */
export const FIRST_ISSUE = {
  abortEarly: true,
} satisfies z.core.ParseContextInternal as z.core.ParseContext<z.core.$ZodIssue>;
