import { useCallback, useEffect, useMemo, useRef } from "react";

import { axisOf, placeOn, within, type Axis, type Spans } from "./brush";
import { brief, Chart, tooltip } from "./Chart";
import type { Colours } from "./colours";
import type { Option } from "./echarts";

type Value = number | string | null | undefined;

/** A column: its name, and a value a run. */
export interface ParallelColumn {
  readonly id: string;
  readonly values: readonly Value[];
}

/** What was chosen on the axes: which runs remain, and where. */
export interface Brushed {
  readonly axes: readonly Axis[];
  readonly spans: readonly Spans[];
  /** Their places in the columns. */
  readonly runs: readonly number[];
}

interface ParallelChartProps {
  readonly columns: readonly ParallelColumn[];
  /** Told of what is chosen by drawing along axes; null where nothing is. */
  readonly onBrush: (brushed: Brushed | null) => void;
}

/** Runs as lines through their columns' values. Drawing along an axis keeps the lines that cross there. */
export function ParallelChart({ columns, onBrush }: ParallelChartProps): JSX.Element {
  const axes = useMemo(() => columns.map(({ id, values }) => axisOf(id, values)), [columns]);
  const places = useMemo(() => linesOf(columns, axes), [columns, axes]);
  const spans = useRef<Spans[]>([]);
  useEffect(() => {
    spans.current = axes.map(() => []);
    onBrush(null);
    // What was chosen belongs to the axes there were.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [axes]);
  const latest = useRef({ axes, places, onBrush });
  latest.current = { axes, places, onBrush };
  const brush = (index: number, intervals: Spans) => {
    const { axes: now, places: lines, onBrush: tell } = latest.current;
    spans.current[index] = intervals;
    if (spans.current.every((one) => one.length === 0)) return tell(null);
    const runs = lines.flatMap((line, run) => (within(line, spans.current) ? [run] : []));
    tell({ axes: now, spans: [...spans.current], runs });
  };
  const draw = useCallback((colours: Colours) => option(axes, places, colours), [axes, places]);
  const label = `Parallel coordinates of ${places.length} runs over ${columns.map(({ id }) => id).join(", ")}; the table has the same values.`;
  return (
    <Chart
      label={label}
      height={420}
      draw={draw}
      onReady={(chart) =>
        chart.on("axisareaselected", (event) => {
          const { parallelAxisId, intervals } = event as { parallelAxisId: string; intervals: Spans };
          brush(Number(parallelAxisId), intervals);
        })
      }
    />
  );
}

function linesOf(columns: readonly ParallelColumn[], axes: readonly Axis[]): number[][] {
  const runs = columns[0]?.values.length ?? 0;
  return Array.from({ length: runs }, (_, run) => axes.map((axis, index) => placeOn(axis, columns[index]!.values[run])));
}

function short(value: number | string): string {
  if (typeof value === "number") return brief(value);
  return value.length > 14 ? `${value.slice(0, 13)}…` : value;
}

function option(axes: readonly Axis[], places: readonly number[][], colours: Colours): Option {
  return {
    animation: false,
    tooltip: { ...tooltip(colours), show: false },
    parallel: { left: 72, right: 88, top: 44, bottom: 24, axisExpandable: false },
    parallelAxis: axes.map(({ id, texts, log }, index) => ({
      id: String(index),
      dim: index,
      name: id.length > 22 ? `${id.slice(0, 21)}…` : id,
      nameTextStyle: { color: colours.text },
      nameRotate: axes.length > 6 ? 12 : 0,
      axisLabel: { color: colours.text, formatter: short },
      axisLine: { lineStyle: { color: colours.quiet } },
      axisTick: { lineStyle: { color: colours.quiet } },
      areaSelectStyle: { width: 22, color: colours.series[0]!, opacity: 0.25, borderColor: colours.series[0]! },
      ...(texts === null ? { type: log ? ("log" as const) : ("value" as const), scale: true } : { type: "category" as const, data: [...texts] }),
    })),
    series: [
      {
        type: "parallel",
        inactiveOpacity: 0.03,
        activeOpacity: 0.8,
        progressive: 500,
        lineStyle: { color: colours.series[1]!, width: 1.2, opacity: places.length > 500 ? 0.15 : 0.45 },
        data: places.map((line) => line.map((value) => (Number.isNaN(value) ? "-" : value))) as never,
      },
    ],
  };
}
