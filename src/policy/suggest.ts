/** Longer names are not looked up: nobody mistypes a letter or two of them, and each costs as much as many short ones. */
const MAX_CHARACTERS = 64;

/**
 * Finds what a misspelt name was probably meant to be.
 *
 * @returns `; did you mean "groups"?`, or an empty string where nothing comes close
 */
export function suggest(name: string, candidates: Iterable<string>): string {
  if (name.length > MAX_CHARACTERS) return '';
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.ceil(name.length / 2));
  for (const candidate of candidates) {
    if (Math.abs(name.length - candidate.length) >= bestDistance) continue;
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best === undefined ? '' : `; did you mean "${best}"?`;
}

/** Levenshtein distance, with a swap of neighbours counted once; `bound` where it is not below that. */
function editDistance(a: string, b: string, bound: number): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const substitution = a[row - 1] === b[column - 1] ? 0 : 1;
      let distance = Math.min(
        at(current, column - 1) + 1,
        at(previous, column) + 1,
        at(previous, column - 1) + substitution,
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        distance = Math.min(distance, at(beforePrevious, column - 2) + 1);
      }
      current.push(distance);
    }
    // A swap reaches over one row, no more.
    if (Math.min(...previous, ...current) >= bound) return bound;
    [beforePrevious, previous] = [previous, current];
  }
  return Math.min(at(previous, b.length), bound);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
