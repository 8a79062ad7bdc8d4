import { useCallback, useMemo } from "react";

import type { Axis } from "./brush";
import { axis, brief, Chart, tooltip } from "./Chart";
import { colourOf, type Colours } from "./colours";
import type { Option } from "./echarts";
import { COLOURS, Swatch } from "./Swatch";

type Value = number | string | null | undefined;

/** A run as a point. */
export interface Dot {
  readonly id: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  /** What its colour stands for. */
  readonly group?: Value;
}

interface ScatterChartProps {
  readonly dots: readonly Dot[];
  /** What is across: numbers, or texts, on which dots stand by their places. */
  readonly x: Axis;
  /** Whether x is an instant, in milliseconds since 1970. */
  readonly timed?: boolean;
  readonly y: string;
  /** What colours stand for. */
  readonly colour?: string | undefined;
  readonly logX: boolean;
  readonly logY: boolean;
  readonly onOpen: (id: string) => void;
}

/** From so many points on they are drawn in one go. */
const MANY = 3_000;

/** Two columns of runs against each other. */
export function ScatterChart({ dots, x, timed = false, y, colour, logX, logY, onOpen }: ScatterChartProps): JSX.Element {
  const groups = useMemo(() => groupsOf(dots), [dots]);
  const draw = useCallback(
    (colours: Colours): Option => {
      const seen = dots.filter((dot) => (!logX || dot.x > 0) && (!logY || dot.y > 0));
      return {
        animation: false,
        grid: { left: 24, right: groups === null ? 110 : 24, top: 16, bottom: 32, containLabel: true },
        tooltip: { ...tooltip(colours), trigger: "item", formatter: (item) => told(item as unknown as Item, x, timed, y, colour) },
        xAxis: across(colours, x, timed, logX),
        yAxis: { ...axis(colours, y, logY), nameGap: 44 },
        ...coloured(seen, groups, colours),
      };
    },
    [dots, groups, x, timed, y, colour, logX, logY],
  );
  const label = `${y} over ${x.id} of ${dots.length} runs${colour ? `, coloured by ${colour}` : ""}; the table has the same values.`;
  return (
    <>
      <Chart label={label} height={420} draw={draw} onReady={(chart) => chart.on("click", ({ data }) => onOpen((data as Datum).id))} />
      {colour !== undefined && groups !== null && (
        <ul className="ds-legend" aria-label={`Colours of ${colour}`}>
          {groups.map(({ name }, index) => (
            <li key={name}>
              <Swatch of={index} />
              {name}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

interface Datum {
  readonly id: string;
  readonly name: string;
  readonly value: [number, number, Value];
}

interface Item {
  readonly data: Datum;
}

function across(colours: Colours, { id, texts }: Axis, timed: boolean, log: boolean) {
  const shown = axis(colours, id, log);
  if (texts !== null) return { ...shown, type: "category" as const, data: [...texts], scale: undefined };
  return timed ? { ...shown, type: "time" as const } : shown;
}

function told({ data: { name, value } }: Item, x: Axis, timed: boolean, y: string, colour: string | undefined): string {
  const at = timed ? new Date(value[0]).toLocaleString() : (x.texts?.[value[0]] ?? brief(value[0]));
  const rows = [name.slice(0, 80), `${x.id}: ${at.slice(0, 80)}`, `${y}: ${brief(value[1])}`];
  if (colour) rows.push(`${colour}: ${String(value[2] ?? "none").slice(0, 80)}`);
  return rows.join("\n");
}

/** Dots of one colour. */
interface Dots {
  readonly name: string;
  readonly dots: readonly Dot[];
}

/** The dots by their group; null where groups are numbers, too many for a colour each. */
function groupsOf(dots: readonly Dot[]): readonly Dots[] | null {
  const all = new Map<Value, Dot[]>();
  for (const dot of dots) {
    const group = dot.group ?? null;
    const found = all.get(group);
    if (found) found.push(dot);
    else all.set(group, [dot]);
  }
  const values = [...all.keys()];
  if (values.length > COLOURS && values.every((value) => typeof value === "number" || value === null)) return null;
  const sorted = [...all].sort(([, a], [, b]) => b.length - a.length).map(([group, of]) => ({ name: String(group ?? "none"), dots: of }));
  if (sorted.length <= COLOURS) return sorted;
  // Beyond as many groups as there are colours, the smallest ones share the last one.
  const others = sorted.slice(COLOURS - 1);
  return [...sorted.slice(0, COLOURS - 1), { name: `${others.length} others`, dots: others.flatMap((group) => group.dots) }];
}

/** The points, in the colour of their group; on a scale of colours where groups are numbers. */
function coloured(seen: readonly Dot[], groups: readonly Dots[] | null, colours: Colours): Pick<Option, "series" | "visualMap"> {
  if (groups !== null) {
    const there = new Set(seen);
    return { series: groups.map(({ name, dots }, index) => series(name, dots.filter((dot) => there.has(dot)), colourOf(colours, index))) };
  }
  const numbers = seen.flatMap(({ group }) => (typeof group === "number" && Number.isFinite(group) ? [group] : []));
  const min = numbers.reduce((a, b) => Math.min(a, b), Infinity);
  const max = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
  return {
    visualMap: {
      min,
      max,
      text: [brief(max), brief(min)],
      dimension: 2,
      right: 8,
      top: "middle",
      precision: 3,
      textStyle: { color: colours.quiet },
      inRange: { color: [colours.series[1]!, colours.series[0]!] },
    },
    series: [series("", seen, colours.quiet)],
  };
}

function series(name: string, dots: readonly Dot[], color: string) {
  const many = dots.length >= MANY;
  return {
    type: "scatter" as const,
    name,
    symbolSize: many ? 4 : 9,
    large: many,
    largeThreshold: MANY,
    data: dots.map(({ id, name: run, x, y, group }): Datum => ({ id, name: run, value: [x, y, group ?? null] })),
    itemStyle: { color, opacity: many ? 0.5 : 0.8 },
    cursor: "pointer",
  };
}
