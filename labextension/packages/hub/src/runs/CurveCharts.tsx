/** Curves of runs, one chart for each name. Brings the drawing library. */
import { ALIGNMENTS, counted, type Alignment } from "@dotscience/ui";
import { CurveChart, Swatch, type NamedCurve } from "@dotscience/ui/charts";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";

import { Command } from "../shell/Command";
import { Problems } from "../shell/Failure";
import { LogAxes } from "./LogAxes";
import { useCurves, type Curves } from "./queries";
import type { CurveSearch } from "./search";

interface Shown {
  readonly id: string;
  readonly name: string;
  readonly live: boolean;
}

interface CurveChartsProps {
  readonly project: string;
  readonly runs: readonly Shown[];
  readonly search: CurveSearch;
  /** Whether to say which run has which colour. */
  readonly legend?: boolean;
  readonly onChoose: (change: { [Key in keyof CurveSearch]?: CurveSearch[Key] | undefined }) => void;
}

const CHARTS = 30;

export function CurveCharts({ project, runs, search, legend = true, onChoose }: CurveChartsProps): JSX.Element {
  const found = useCurves(project, runs);
  const told = found.map(({ data }) => data);
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const charts = useMemo(() => chartsOf(runs, told), [runs.map(({ id, name }) => id + name).join("\n"), ...paddedTo(told, 20)]);
  const choices = useMemo(
    () => ({ align: search.align ?? "step", smooth: search.smooth ?? 0, logX: search.logX ?? false, logY: search.logY ?? false }),
    [search.align, search.smooth, search.logX, search.logY],
  );
  const error = found.find((one) => one.error !== null)?.error ?? null;
  if (found.some(({ isPending }) => isPending) && charts.length === 0) return <p role="status" className="curves-wait">Loading…</p>;
  if (charts.length === 0) return error ? <Problems of={error} /> : <NoCurves />;
  const drawn = runs.filter((_, index) => Object.keys(told[index] ?? {}).length > 0);
  return (
    <>
      <Tools search={search} onChoose={onChoose} />
      <Problems of={error} />
      {legend && <Legend project={project} runs={runs} drawn={drawn} />}
      <div className="curves">
        {charts.slice(0, CHARTS).map(([title, curves]) => (
          <CurveChart key={title} title={title} curves={curves} choices={choices} />
        ))}
      </div>
      {charts.length > CHARTS && <p className="ds-quiet">{counted(charts.length - CHARTS, "curve")} more are not drawn.</p>}
    </>
  );
}

/** A list of a fixed length, as the dependencies of a hook must be. */
function paddedTo<Item>(items: readonly Item[], length: number): (Item | undefined)[] {
  return Array.from({ length }, (_, index) => items[index]);
}

function chartsOf(runs: readonly Shown[], told: readonly (Curves | undefined)[]): [string, NamedCurve[]][] {
  const charts = new Map<string, NamedCurve[]>();
  runs.forEach(({ name }, colour) => {
    for (const [title, curve] of Object.entries(told[colour] ?? {})) {
      charts.set(title, [...(charts.get(title) ?? []), { name, curve, colour }]);
    }
  });
  return [...charts].sort(([a], [b]) => a.localeCompare(b));
}

function Tools({ search, onChoose }: Pick<CurveChartsProps, "search" | "onChoose">): JSX.Element {
  const smooth = search.smooth ?? 0;
  const align = (chosen: Alignment) => onChoose({ align: chosen === "step" ? undefined : chosen });
  return (
    <div className="runs-tools">
      <label className="plain">
        Smooth{" "}
        <input
          type="range"
          min={0}
          max={0.99}
          step={0.01}
          value={smooth}
          aria-valuetext={smooth === 0 ? "not at all" : String(smooth)}
          onChange={(event) => onChoose({ smooth: Number(event.target.value) || undefined })}
        />{" "}
        <output>{smooth.toFixed(2)}</output>
      </label>
      <label className="plain">
        By{" "}
        <select value={search.align ?? "step"} onChange={(event) => align(event.target.value as Alignment)}>
          {ALIGNMENTS.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <LogAxes search={search} onChoose={onChoose} />
    </div>
  );
}

function Legend({ project, runs, drawn }: { project: string; runs: readonly Shown[]; drawn: readonly Shown[] }): JSX.Element {
  return (
    <ul className="ds-legend" aria-label="Runs in the charts">
      {drawn.map((run) => (
        <li key={run.id}>
          <Swatch of={runs.indexOf(run)} />
          <Link to="/projects/$project/runs/$run" params={{ project, run: run.id }}>
            {run.name}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function NoCurves(): JSX.Element {
  return (
    <section className="empty">
      <p>These runs have no live curves. Log points while a program runs:</p>
      <Command>{`import dotscience as ds\n\nds.start()\nfor step in range(100):\n    ds.log(loss=1 / (step + 1))`}</Command>
    </section>
  );
}
