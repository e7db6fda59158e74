/** In which steps something differs, as text that claims no other step. */

/**
 * `from step 7 on`, `in step 7, and not after`, `in steps 7 to 9, and not after`, `in 3 of the 6 steps from step 7 on`.
 * @param differing the steps that differ, ascending; at least one
 * @param shown all steps that show it, ascending
 */
export function spanText(differing: readonly number[], shown: readonly number[]): string {
  const [first, last] = [differing[0]!, differing.at(-1)!];
  const rest = shown.filter((step) => step >= first);
  if (differing.length === rest.length) return `from step ${first} on`;
  if (rest[differing.length - 1] !== last)
    return `in ${differing.length} of the ${rest.length} steps from step ${first} on`;
  return `in ${first === last ? `step ${first}` : `steps ${first} to ${last}`}, and not after`;
}
