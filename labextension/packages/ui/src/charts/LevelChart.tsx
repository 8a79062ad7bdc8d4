import { useCallback } from "react";

import { axis, Chart, tooltip } from "./Chart";
import { colourOf, type Colours } from "./colours";
import type { Option } from "./echarts";
import { Swatch } from "./Swatch";

/** One line: a level at each time; null where nobody knows. */
export interface Levels {
  readonly name: string;
  readonly levels: readonly (number | null)[];
}

interface LevelChartProps {
  readonly title: string;
  /** Seconds since the beginning. */
  readonly times: readonly number[];
  /** Lists that stay the same as long as nothing changes. */
  readonly lines: readonly Levels[];
  /** What the levels cannot go beyond, drawn as a dashed line. */
  readonly limit?: number | undefined;
  /** A level in words, with its unit. */
  readonly inWords: (level: number) => string;
  /** The colour of the first line. */
  readonly colour?: number;
}

const LIMIT = "Limit";

/** How much of something was in use over time. */
export function LevelChart({ title, times, lines, limit, inWords, colour = 0 }: LevelChartProps): JSX.Element {
  const draw = useCallback(
    (colours: Colours): Option => ({
      animation: false,
      grid: { left: 8, right: 16, top: 12, bottom: 8, containLabel: true },
      tooltip: { ...tooltip(colours), trigger: "axis", formatter: (items) => told(items as unknown as Item[], inWords) },
      xAxis: { ...axis(colours, "", false), scale: true, min: "dataMin", max: "dataMax", axisLabel: { color: colours.quiet, hideOverlap: true, formatter: clock } },
      yAxis: { ...axis(colours, "", false), scale: false, min: 0, splitNumber: 3, axisLabel: { color: colours.quiet, hideOverlap: true, formatter: inWords } },
      series: [
        ...lines.map((line, index) => series(line.name, pairs(times, line.levels), colourOf(colours, colour + index), lines.length === 1)),
        ...(limit === undefined ? [] : [bound(limit, times, colours.text)]),
      ],
    }),
    [times, lines, limit, inWords, colour],
  );
  return (
    <figure className="ds-figure">
      <figcaption>
        {title}
        {lines.length > 1 &&
          lines.map(({ name }, index) => (
            <span key={name} className="ds-quiet">
              {" "}
              <Swatch of={colour + index} /> {name}
            </span>
          ))}
      </figcaption>
      <Chart label={saidOf(title, lines, limit, inWords)} height={150} draw={draw} />
    </figure>
  );
}

const pairs = (times: readonly number[], levels: readonly (number | null)[]) => times.map((time, index) => [time, levels[index] ?? null] as [number, number | null]);

function series(name: string, data: [number, number | null][], color: string, filled: boolean) {
  return {
    type: "line" as const,
    name,
    data: data as [number, number][],
    showSymbol: data.filter(([, level]) => level !== null).length === 1,
    lineStyle: { color, width: 1.4 },
    itemStyle: { color },
    ...(filled && { areaStyle: { color, opacity: 0.14 } }),
  };
}

function bound(limit: number, times: readonly number[], color: string) {
  return {
    type: "line" as const,
    name: LIMIT,
    data: [times[0] ?? 0, times.at(-1) ?? 0].map((time) => [time, limit]),
    showSymbol: false,
    silent: true,
    lineStyle: { color, width: 1, type: "dashed" as const },
    itemStyle: { color },
  };
}

interface Item {
  readonly seriesName: string;
  readonly value: readonly [number, number | null];
}

function told(items: readonly Item[], inWords: (level: number) => string): string {
  const known = items.filter(({ seriesName, value }) => seriesName !== LIMIT && value[1] !== null);
  if (known[0] === undefined) return "";
  return [clock(known[0].value[0]), ...known.map(({ seriesName, value }) => `${seriesName}: ${inWords(value[1]!)}`)].join("\n");
}

/** A time since the beginning: 1:05, 2:03:00. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function saidOf(title: string, lines: readonly Levels[], limit: number | undefined, inWords: (level: number) => string): string {
  const parts = lines.flatMap(({ name, levels }) => {
    const known = levels.filter((level): level is number => level !== null);
    return known.length === 0 ? [] : [`${name}: most ${inWords(Math.max(...known))}, last ${inWords(known.at(-1)!)}`];
  });
  return `${title} over time. ${parts.join("; ") || "Nothing yet"}${limit === undefined ? "" : `; limit ${inWords(limit)}`}.`;
}
