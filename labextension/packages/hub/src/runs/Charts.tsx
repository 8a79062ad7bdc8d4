/** Charts of runs, which bring their drawing library: loaded when one is looked at. */
import type { RunsSearch } from "./search";
import type { ColumnName } from "./names";
import { CurvesView } from "./CurvesView";
import { ParallelView } from "./ParallelView";
import type { RunRow } from "./queries";
import { ScatterView } from "./ScatterView";

export interface ChartProps {
  readonly project: string;
  readonly search: RunsSearch;
  /** The runs of the table, as far as they are there. */
  readonly runs: readonly RunRow[];
  readonly names: readonly ColumnName[];
  readonly selected: ReadonlySet<string>;
  readonly onChoose: (change: { [Key in keyof RunsSearch]?: RunsSearch[Key] | undefined }) => void;
}

export default function Charts(props: ChartProps): JSX.Element {
  const View = { scatter: ScatterView, parallel: ParallelView, curves: CurvesView }[props.search.view as "scatter"];
  return (
    <div className="runs-charts">
      <View {...props} />
    </div>
  );
}
