/** Live curves as what is drawn of them. */

/** One curve as the API tells it: columns of equal length; what is no finite number travels as text. */
export interface Curve {
  readonly rows: readonly number[];
  readonly steps: readonly number[];
  /** Nanoseconds since 1970. */
  readonly times: readonly number[];
  readonly values: readonly (number | string)[];
}

/** What points of several runs are put side by side by: the step, or the time since the run's first point. */
export const ALIGNMENTS = ["step", "time"] as const;
export type Alignment = (typeof ALIGNMENTS)[number];

export type Point = readonly [x: number, y: number];

/** The curve as points in the order of x; steps, or seconds since the first point. What is no finite number is left out. */
export function pointsOf(curve: Curve, alignment: Alignment): Point[] {
  const first = curve.times[0] ?? 0;
  const points: Point[] = [];
  curve.values.forEach((value, index) => {
    const x = alignment === "step" ? curve.steps[index]! : (curve.times[index]! - first) / 1e9;
    if (typeof value === "number" && Number.isFinite(value)) points.push([x, value]);
  });
  // Steps may come out of order, as where a part is trained again; drawn lines go forward only.
  return points.some(([x], index) => index > 0 && x < points[index - 1]![0]) ? points.sort(([a], [b]) => a - b) : points;
}

/** An exponential moving average that does not lean towards zero at its start.
 *
 * @param weight of what was before, from 0 (nothing changes) to below 1
 */
export function smoothed(points: readonly Point[], weight: number): readonly Point[] {
  if (weight <= 0) return points;
  let sum = 0;
  let share = 0;
  return points.map(([x, y]) => {
    sum = sum * weight + y * (1 - weight);
    share = share * weight + (1 - weight);
    return [x, sum / share] as const;
  });
}

/** The points that a logarithmic axis can show. */
export function positive(points: readonly Point[], logX: boolean, logY: boolean): readonly Point[] {
  return logX || logY ? points.filter(([x, y]) => (!logX || x > 0) && (!logY || y > 0)) : points;
}

/** Curves with points that came later put to them. */
export function extended(
  curves: Readonly<Record<string, Curve>>,
  more: Readonly<Record<string, Curve>>,
): Readonly<Record<string, Curve>> {
  const all: Record<string, Curve> = { ...curves };
  for (const [name, curve] of Object.entries(more)) {
    const old = Object.hasOwn(all, name) ? all[name] : undefined;
    all[name] = old === undefined ? curve : joined(old, curve);
  }
  return all;
}

function joined(old: Curve, more: Curve): Curve {
  return {
    rows: [...old.rows, ...more.rows],
    steps: [...old.steps, ...more.steps],
    times: [...old.times, ...more.times],
    values: [...old.values, ...more.values],
  };
}

/** The row that comes last in any of the curves; -1 where there is none. */
export function lastRow(curves: Readonly<Record<string, Curve>>): number {
  return Object.values(curves).reduce((last, { rows }) => Math.max(last, rows.at(-1) ?? -1), -1);
}
