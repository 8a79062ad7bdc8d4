/** Runs grouped by what they have in a column. */

/** What is told of a number column within a group. */
export interface Spread {
  readonly least: number;
  readonly mean: number;
  readonly most: number;
}

/** Runs that have the same value. */
export interface Group {
  /** The value; null for the runs that have none. */
  readonly value: string | null;
  readonly runs: number;
  /** For each number column, in their order; null where no run of the group has a number. */
  readonly spreads: readonly (Spread | null)[];
}

type Values = readonly (number | string | null)[];

/** Groups by the values of `by`, the largest first.
 *
 * @param by a value a run
 * @param numbers other columns, each as long, to tell the spread of
 */
export function grouped(by: Values, numbers: readonly Values[]): Group[] {
  const members = new Map<string | null, number[]>();
  by.forEach((value, index) => {
    const key = value === null ? null : String(value);
    const found = members.get(key);
    if (found) found.push(index);
    else members.set(key, [index]);
  });
  return [...members]
    .map(([value, of]) => ({ value, runs: of.length, spreads: numbers.map((column) => spread(column, of)) }))
    .sort((a, b) => b.runs - a.runs);
}

function spread(column: Values, members: readonly number[]): Spread | null {
  let [count, sum, least, most] = [0, 0, Infinity, -Infinity];
  for (const index of members) {
    const value = column[index];
    if (typeof value !== "number") continue;
    count += 1;
    sum += value;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return count === 0 ? null : { least, mean: sum / count, most };
}
