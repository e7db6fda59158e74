/** Words that one may have meant instead of another. */

/** Changes of a character, and swaps of neighbours, that make one word of another (optimal string alignment). */
function distance(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= one.length; row += 1) {
    const [before, last] = [rows[row - 2], rows[row - 1]!];
    const next = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1];
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      next.push(
        Math.min(
          last[column]! + 1,
          next[column - 1]! + 1,
          last[column - 1]! + (same ? 0 : 1),
          before !== undefined && swapped ? before[column - 2]! + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    rows.push(next);
  }
  return rows[one.length]![other.length]!;
}

const MOST = 3;
const LONGEST = 80;

/** The nearest first, at most three; empty if none comes close. */
export function near(word: string, known: readonly string[]): string[] {
  const wanted = word.toLowerCase().slice(0, LONGEST);
  const partOf = (name: string): number =>
    Math.min(
      distance(wanted, name),
      // A part of a longer name may have been misspelt.
      ...name.split(/[-_.]/).map((part) => distance(wanted, part) + 0.5),
    );
  return known
    .map((name) => ({ name, far: partOf(name.toLowerCase().slice(0, LONGEST)) }))
    .filter(({ far }) => far <= Math.max(1, wanted.length / 3) + 0.5)
    .sort((one, other) => one.far - other.far)
    .slice(0, MOST)
    .map(({ name }) => name);
}
