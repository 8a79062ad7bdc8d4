/** Charts of what a task used. Brings the drawing library. */
import { LevelChart } from "@dotscience/ui/charts";
import { useMemo } from "react";

import type { Task } from "./queries";
import { chartsOf, countOf, rateOf, roundOf, type Used } from "./measures";

const IN_WORDS = { count: countOf, size: roundOf, rate: rateOf };

export default function UsageCharts({ task, used }: { readonly task: Task; readonly used: Used }): JSX.Element {
  const charts = useMemo(() => chartsOf(task, used), [task, used]);
  const times = useMemo(() => used.times.map((time) => time - used.times[0]!), [used]);
  return (
    <div className="usage-charts">
      {charts.map(({ title, lines, limit, unit }, index) => (
        <LevelChart key={title} title={title} times={times} lines={lines} limit={limit} inWords={IN_WORDS[unit]} colour={index} />
      ))}
    </div>
  );
}
