import { counted } from "@dotscience/ui";

import type { ChartProps } from "./Charts";
import { CurveCharts } from "./CurveCharts";
import { nameOf } from "./names";

/** The colours there are: so many runs are drawn when none were selected. */
const SHOWN = 8;
const MOST = 20;

/** Live curves of the selected runs; of the first ones when none are selected. */
export function CurvesView({ project, search, runs, selected, onChoose }: ChartProps): JSX.Element {
  const known = new Map(runs.map((run) => [run.id, run]));
  const ids = selected.size > 0 ? [...selected].slice(0, MOST) : runs.slice(0, SHOWN).map(({ id }) => id);
  const shown = ids.map((id) => {
    const run = known.get(id);
    return { id, name: run ? nameOf(run) : id.slice(0, 13), live: run?.status === "running" };
  });
  return (
    <>
      <CurveCharts project={project} runs={shown} search={search} onChoose={onChoose} />
      <p className="ds-quiet">
        {selected.size > MOST ? `The first ${MOST} selected runs.` : selected.size === 0 ? `The first ${counted(shown.length, "run")} of the table; select others there.` : ""}
      </p>
    </>
  );
}
