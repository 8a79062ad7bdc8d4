import { useEffect, useRef } from "react";

import { useColours, type Colours } from "./colours";
import { init, type ECharts, type Option, type TooltipComponentOption } from "./echarts";

interface ChartProps {
  /** What is drawn, in words. */
  readonly label: string;
  readonly height: number;
  /** What to draw, in the page's colours; the same function as long as nothing changes. */
  readonly draw: (colours: Colours) => Option;
  /** Told of each new drawing area, to listen on; answers what ends that. */
  readonly onReady?: (chart: ECharts) => void;
}

/** A drawing that fills the width it has. */
export function Chart({ label, height, draw, onReady }: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts>();
  const ready = useRef(onReady);
  ready.current = onReady;
  const colours = useColours(place);
  useEffect(() => {
    const made = init(place.current, null, { renderer: "canvas" });
    chart.current = made;
    ready.current?.(made);
    const sizes = new ResizeObserver(() => made.resize());
    sizes.observe(place.current!);
    return () => {
      sizes.disconnect();
      made.dispose();
      chart.current = undefined;
    };
  }, []);
  useEffect(() => {
    if (colours) chart.current?.setOption(draw(colours), { notMerge: true });
  }, [draw, colours]);
  return <div ref={place} role="img" aria-label={label} className="ds-chart" style={{ height }} />;
}

/** How all charts show what the pointer is at: drawn as text, so that no name of a user's becomes markup. */
export function tooltip(colours: Colours): TooltipComponentOption {
  return {
    renderMode: "richText",
    confine: true,
    backgroundColor: colours.background,
    borderColor: colours.line,
    textStyle: { color: colours.text, fontSize: 12 },
  };
}

/** An axis of numbers. */
export function axis(colours: Colours, name: string, log: boolean) {
  return {
    type: log ? ("log" as const) : ("value" as const),
    name,
    nameLocation: "middle" as const,
    nameGap: 28,
    scale: true,
    nameTextStyle: { color: colours.quiet },
    axisLabel: { color: colours.quiet, hideOverlap: true },
    axisLine: { lineStyle: { color: colours.line } },
    splitLine: { lineStyle: { color: colours.line, opacity: 0.6 } },
  };
}

/** A number in as few digits as tell it. */
export function brief(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}
