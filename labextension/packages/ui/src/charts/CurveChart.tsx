import { useCallback, useMemo } from "react";

import { pointsOf, positive, smoothed, type Alignment, type Curve } from "../runs/curves";
import { axis, brief, Chart, tooltip } from "./Chart";
import { colourOf, type Colours } from "./colours";
import type { Option } from "./echarts";

/** How curves are shown. */
export interface CurveChoices {
  readonly align: Alignment;
  /** The weight of what was before, from 0 to below 1. */
  readonly smooth: number;
  readonly logX: boolean;
  readonly logY: boolean;
}

/** The curve of one run. */
export interface NamedCurve {
  readonly name: string;
  readonly curve: Curve;
  /** Which of the colours it has; a run has the same one in all charts. */
  readonly colour: number;
}

interface CurveChartProps {
  readonly title: string;
  readonly curves: readonly NamedCurve[];
  readonly choices: CurveChoices;
}

const FEW = 40;

/** The curves that several runs have under one name. */
export function CurveChart({ title, curves, choices }: CurveChartProps): JSX.Element {
  const { align, smooth, logX, logY } = choices;
  const lines = useMemo(
    () =>
      curves.map(({ name, curve, colour }) => {
        const raw = positive(pointsOf(curve, align), logX, logY);
        return { name, colour, raw, shown: smoothed(raw, smooth) };
      }),
    [curves, align, smooth, logX, logY],
  );
  const draw = useCallback(
    (colours: Colours): Option => ({
      animation: false,
      grid: { left: 8, right: 16, top: 12, bottom: 32, containLabel: true },
      tooltip: { ...tooltip(colours), trigger: "axis", formatter: (items) => told(items as unknown as Item[], align) },
      xAxis: { ...axis(colours, align === "step" ? "step" : "seconds", logX), scale: logX },
      yAxis: axis(colours, "", logY),
      series: lines.flatMap((line) => {
        const color = colourOf(colours, line.colour);
        const strong = series(line.name, line.shown, color, 1, line.colour >= colours.series.length);
        return smooth > 0 ? [{ ...series("", line.raw, color, 0.25, false), silent: true }, strong] : [strong];
      }),
    }),
    [lines, align, smooth, logX, logY],
  );
  return (
    <figure className="ds-figure">
      <figcaption>{title}</figcaption>
      <Chart label={inWords(title, lines)} height={260} draw={draw} />
    </figure>
  );
}

function series(name: string, points: readonly (readonly [number, number])[], color: string, opacity: number, dashed: boolean) {
  return {
    type: "line" as const,
    name,
    data: points as [number, number][],
    showSymbol: points.length === 1,
    sampling: "lttb" as const,
    lineStyle: { color, opacity, width: 1.6, type: dashed ? ("dashed" as const) : ("solid" as const) },
    itemStyle: { color },
  };
}

interface Item {
  readonly seriesName: string;
  readonly value: readonly [number, number];
}

function told(items: readonly Item[], align: Alignment): string {
  const named = items.filter(({ seriesName }) => seriesName !== "");
  const x = named[0]?.value[0];
  if (x === undefined) return "";
  const rows = named.slice(0, FEW).map(({ seriesName, value }) => `${seriesName.slice(0, 60)}: ${brief(value[1])}`);
  return [align === "step" ? `step ${x}` : `${brief(x)} s`, ...rows].join("\n");
}

function inWords(title: string, lines: readonly { name: string; shown: readonly (readonly [number, number])[] }[]): string {
  const ends = lines.slice(0, FEW).flatMap(({ name, shown }) => {
    const last = shown.at(-1);
    return last ? [`${name}: ${shown.length} points, last ${brief(last[1])}`] : [];
  });
  return `Curve ${title}. ${ends.join("; ") || "No points yet"}.`;
}
