import { columnId, counted, quoted } from "@dotscience/ui";
import { asFilter, ParallelChart, type Brushed } from "@dotscience/ui/charts";
import { useMemo, useState } from "react";

import { Problems } from "../shell/Failure";
import type { ChartProps } from "./Charts";
import { allColumns, type ColumnName } from "./names";
import { usePicked } from "./picked";
import { SELECTED } from "./search";

const AXES = 12;
/** More lines than these are a grey area, and slow to draw. */
const LINES = 5_000;

/** Runs as lines through their values, to be brushed. */
export function ParallelView({ project, search, names, selected, onChoose }: ChartProps): JSX.Element {
  const axes = search.axes ?? startAxes(names);
  const { columns, error } = usePicked(project, axes, search.filter, selected);
  const [brushed, setBrushed] = useState<Brushed | null>(null);
  // The newest ones are last.
  const shown = useMemo(
    () => columns && axes.map((id) => ({ id, values: (columns.columns[id] ?? []).slice(-LINES) })),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [columns, axes.join("\n")],
  );
  const total = columns?.runs.length ?? 0;
  const ids = columns?.runs.slice(-LINES) ?? [];
  return (
    <>
      <Axes axes={axes} names={names} onChoose={(chosen) => onChoose({ axes: chosen })} />
      <Problems of={error} />
      <div className="runs-tools" role="status">
        {brushed === null ? (
          <span className="ds-quiet">
            {total > LINES ? `The newest ${LINES.toLocaleString()} of ${total.toLocaleString()} runs. ` : `${counted(total, "run")}. `}
            Draw along an axis to keep the runs that cross it there; the filter above does the same by keyboard.
          </span>
        ) : (
          <Kept brushed={brushed} ids={ids} filter={search.filter} onChoose={onChoose} />
        )}
      </div>
      {shown && axes.length > 1 && <ParallelChart columns={shown} onBrush={setBrushed} />}
      {axes.length < 2 && <p>Choose two columns or more.</p>}
    </>
  );
}

interface KeptProps {
  readonly brushed: Brushed;
  readonly ids: readonly string[];
  readonly filter: string | undefined;
  readonly onChoose: ChartProps["onChoose"];
}

/** What can be done with the runs that were brushed. */
function Kept({ brushed, ids, filter, onChoose }: KeptProps): JSX.Element {
  const { axes, spans, runs } = brushed;
  const more = asFilter(axes, spans, quoted);
  return (
    <>
      <span>{counted(runs.length, "run")} kept</span>
      {more !== undefined && (
        <button type="button" onClick={() => onChoose({ filter: filter ? `${filter} and ${more}` : more })}>
          Filter to them
        </button>
      )}
      <button type="button" disabled={runs.length === 0} onClick={() => onChoose({ runs: runs.slice(-SELECTED).map((place) => ids[place]!) })}>
        Select {runs.length > SELECTED ? `the newest ${SELECTED}` : "them"}
      </button>
    </>
  );
}

function startAxes(names: readonly ColumnName[]): string[] {
  const some = (kind: string, count: number) => names.filter((one) => one.kind === kind).slice(0, count).map(columnId);
  return [...some("parameters", 5), ...some("summary", 3)];
}

function Axes({ axes, names, onChoose }: { axes: readonly string[]; names: readonly ColumnName[]; onChoose: (axes: string[]) => void }): JSX.Element {
  const others = allColumns(names)
    .map(columnId)
    .filter((id) => !axes.includes(id));
  return (
    <div className="runs-tools">
      {axes.map((id) => (
        <button key={id} type="button" aria-label={`Remove the axis ${id}`} onClick={() => onChoose(axes.filter((one) => one !== id))}>
          {id} ×
        </button>
      ))}
      {axes.length < AXES && others.length > 0 && (
        <select aria-label="Add an axis" value="" onChange={(event) => onChoose([...axes, event.target.value])}>
          <option value="" disabled>
            Add an axis
          </option>
          {others.map((id) => (
            <option key={id}>{id}</option>
          ))}
        </select>
      )}
    </div>
  );
}
