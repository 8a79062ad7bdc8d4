import { useEffect, useState } from "react";

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** Where the next larger unit begins, in hours, and how many hours it has: as in docker/go-units, and in `ds`. */
const LARGER: readonly (readonly [number, number, string])[] = [
  [14 * 24, 24, "days"],
  [60 * 24, 7 * 24, "weeks"],
  [730 * 24, 30 * 24, "months"],
  [Infinity, 365 * 24, "years"],
];

/** A duration in seconds in words, such as "3 minutes"; the same words as in the tables of `ds`. */
export function duration(seconds: number): string {
  const whole = Math.floor(Math.max(seconds, 0));
  if (whole < 1) return "Less than a second";
  if (whole < MINUTE) return whole === 1 ? "1 second" : `${whole} seconds`;
  if (whole < HOUR) return whole < 2 * MINUTE ? "About a minute" : `${Math.floor(whole / MINUTE)} minutes`;
  const hours = Math.floor(seconds / HOUR + 0.5);
  if (hours < 48) return hours === 1 ? "About an hour" : `${hours} hours`;
  const [, length, unit] = LARGER.find(([limit]) => hours < limit)!;
  return `${Math.floor(hours / length)} ${unit}`;
}

/** "3 minutes ago"; an instant in the future, from clocks that differ, counts as now. */
export function ago(time: string, now: number = Date.now()): string {
  return `${duration((now - Date.parse(time)) / 1000)} ago`;
}

/** An instant as the time since then, renewed twice a minute while the page is seen; the exact time is its title. */
export function Ago({ time }: { readonly time: string }): JSX.Element {
  const [, renew] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || renew((count) => count + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={time} title={new Date(time).toLocaleString()}>
      {ago(time)}
    </time>
  );
}
