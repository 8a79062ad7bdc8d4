import { columnId, counted, toNumber } from "@dotscience/ui";
import { axisOf, placeOn, ScatterChart, type Dot } from "@dotscience/ui/charts";
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

import { Problems } from "../shell/Failure";
import type { ChartProps } from "./Charts";
import { LogAxes } from "./LogAxes";
import { allColumns, nameOf, type ColumnName } from "./names";
import { usePicked } from "./picked";

/** One column against another, for each run a dot. */
export function ScatterView({ project, search, runs, names, selected, onChoose }: ChartProps): JSX.Element {
  const { x, y } = axesOf(search, names);
  const { colour } = search;
  const wanted = useMemo(() => (x && y ? [x, y, ...(colour ? [colour] : [])] : []), [x, y, colour]);
  const { columns, error } = usePicked(project, wanted, search.filter, selected);
  const labels = useMemo(() => new Map(runs.map((run) => [run.id, nameOf(run)])), [runs]);
  const timed = x === "created";
  const across = useMemo(() => axisOf(x ?? "", timed ? [] : (columns?.columns[x ?? ""] ?? [])), [x, timed, columns]);
  const dots = useMemo(() => {
    const { runs: ids = [], columns: values = {} } = columns ?? {};
    return ids.flatMap((id, index): Dot[] => {
      const at = values[x ?? ""]?.[index];
      const place = timed ? Date.parse(String(at)) : placeOn(across, at);
      const height = toNumber(values[y ?? ""]?.[index]);
      const group = colour === undefined ? undefined : values[colour]?.[index];
      return Number.isFinite(place) && Number.isFinite(height) ? [{ id, name: labels.get(id) ?? id, x: place, y: height, group }] : [];
    });
  }, [columns, across, x, y, timed, colour, labels]);
  const navigate = useNavigate();
  const open = useCallback(
    (run: string) => void navigate({ to: "/projects/$project/runs/$run", params: { project, run } }),
    [navigate, project],
  );
  const all = allColumns(names).map(columnId);
  return (
    <>
      <div className="runs-tools">
        <Choice label="Across" value={x} choices={all} onChoose={(id) => onChoose({ x: id })} />
        <Choice label="Up" value={y} choices={all.filter((id) => /^(summary|parameters|labels)\./u.test(id))} onChoose={(id) => onChoose({ y: id })} />
        <Choice label="Colour" value={colour} none="one for all" choices={all} onChoose={(id) => onChoose({ colour: id || undefined })} />
        <LogAxes search={search} onChoose={onChoose} />
      </div>
      <Problems of={error} />
      {x && y ? (
        <>
          <ScatterChart
            dots={dots}
            x={across}
            timed={timed}
            y={y}
            colour={colour}
            logX={(search.logX ?? false) && !timed && across.texts === null}
            logY={search.logY ?? false}
            onOpen={open}
          />
          <p className="ds-quiet" role="status">
            {counted(dots.length, "run")} with both values. Press a dot to open its run.
          </p>
        </>
      ) : (
        <p>No run has a summary or parameter yet.</p>
      )}
    </>
  );
}

/** The chosen axes, or the most used parameter and summary. */
function axesOf({ x, y }: ChartProps["search"], names: readonly ColumnName[]): { x: string | undefined; y: string | undefined } {
  const most = (kind: string) => names.find((one) => one.kind === kind);
  const up = most("summary") ?? most("parameters");
  const across = most("parameters");
  return { x: x ?? (across ? columnId(across) : "created"), y: y ?? (up && columnId(up)) };
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly choices: readonly string[];
  readonly none?: string;
  readonly onChoose: (id: string) => void;
}

function Choice({ label, value, choices, none, onChoose }: ChoiceProps): JSX.Element {
  return (
    <label className="plain">
      {label}{" "}
      <select value={value ?? ""} onChange={(event) => onChoose(event.target.value)}>
        {none !== undefined && <option value="">{none}</option>}
        {choices.map((id) => (
          <option key={id}>{id}</option>
        ))}
      </select>
    </label>
  );
}
