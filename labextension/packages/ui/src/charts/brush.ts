/** What was chosen on axes of parallel coordinates. */

/** Spans of an axis: from, to. On an axis of texts they count its texts. */
export type Spans = readonly (readonly [number, number])[];

/** An axis: numbers, or texts in the order in which they stand on it. */
export interface Axis {
  readonly id: string;
  readonly texts: readonly string[] | null;
  /** Whether its numbers are so far apart that they are told apart by their size only. */
  readonly log: boolean;
}

const FAR_APART = 1_000;

/** The axis for a column's values: of numbers where all are. */
export function axisOf(id: string, values: readonly (number | string | null | undefined)[]): Axis {
  const there = values.filter((value) => value !== null && value !== undefined);
  if (there.every((value) => typeof value === "number")) return { id, texts: null, log: areFarApart(there) };
  return { id, log: false, texts: [...new Set(there.map(String))].sort((a, b) => a.localeCompare(b, undefined, { numeric: true })) };
}

function areFarApart(numbers: readonly number[]): boolean {
  const least = numbers.reduce((a, b) => Math.min(a, b), Infinity);
  return least > 0 && numbers.some((number) => number >= least * FAR_APART);
}

/** Where a value stands on an axis; NaN where it does not. */
export function placeOn(axis: Axis, value: number | string | null | undefined): number {
  if (value === null || value === undefined) return NaN;
  return axis.texts === null ? Number(value) : indexOf(axis.texts, String(value));
}

function indexOf(texts: readonly string[], text: string): number {
  const index = texts.indexOf(text);
  return index < 0 ? NaN : index;
}

/** Whether a run's places are within what was chosen on each axis; where nothing was chosen, anything is. */
export function within(places: readonly number[], chosen: readonly Spans[]): boolean {
  return chosen.every((spans, index) => spans.length === 0 || spans.some(([from, to]) => places[index]! >= from && places[index]! <= to));
}

/** The same as conditions for a filter; undefined where a filter, a conjunction, cannot say it.
 *
 * @param columns the axes' columns as filters write them
 * @param quote how a filter writes a text
 */
export function asFilter(axes: readonly Axis[], chosen: readonly Spans[], quote: (text: string) => string): string | undefined {
  const conditions: string[] = [];
  for (const [index, spans] of chosen.entries()) {
    const axis = axes[index]!;
    if (spans.length === 0) continue;
    if (spans.length > 1) return undefined;
    const [from, to] = spans[0]!;
    if (axis.texts === null) {
      conditions.push(`${axis.id} >= ${rounded(from)} and ${axis.id} <= ${rounded(to)}`);
      continue;
    }
    const texts = axis.texts.filter((_, place) => place >= from && place <= to);
    if (texts.length !== 1) return undefined;
    conditions.push(`${axis.id} = ${quote(texts[0]!)}`);
  }
  return conditions.join(" and ");
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(6)));
}
