/** Runs side by side: which of their values differ. */

/** One line of a comparison: what each run has under a name; undefined where it has nothing. */
export interface Compared {
  readonly name: string;
  readonly values: readonly (string | undefined)[];
  readonly differs: boolean;
}

/** Lines for all names that any of the runs has: those that differ first, then by name.
 *
 * @param all what each run has, by name
 */
export function compared(all: readonly Readonly<Record<string, string | undefined>>[]): Compared[] {
  const names = [...new Set(all.flatMap((values) => Object.keys(values)))].sort((a, b) => a.localeCompare(b));
  const lines = names.flatMap((name) => {
    const values = all.map((one) => (Object.hasOwn(one, name) ? one[name] : undefined));
    if (values.every((value) => value === undefined)) return [];
    return [{ name, values, differs: values.some((value) => value !== values[0]) }];
  });
  return [...lines.filter(({ differs }) => differs), ...lines.filter(({ differs }) => !differs)];
}
