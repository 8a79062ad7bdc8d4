import { counted, type Compared } from "@dotscience/ui";
import { useQueries } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";

import { Problems } from "../shell/Failure";
import { State } from "../shell/State";
import { useTitle } from "../shell/title";
import { hasEnded, useTask, type Task } from "../tasks/queries";
import { whatOf } from "../tasks/workload";
import { Changes } from "./Changes";
import { sectionsOf, type Section } from "./compared";
import { nameOf } from "./names";
import { OutputFiles } from "./OutputFiles";
import { runQuery, type Run } from "./queries";
import { COMPARED, type CompareSearch } from "./search";

const CurveCharts = lazy(async () => ({ default: (await import("./CurveCharts")).CurveCharts }));

/** Runs side by side: what differs comes first. */
export function ComparePage(): JSX.Element {
  useTitle("Compare runs");
  const { project } = useParams({ strict: false }) as { project: string };
  const search = useSearch({ strict: false }) as CompareSearch;
  const navigate = useNavigate();
  const task = useTask(search.task ?? "", search.task !== undefined);
  const ids = [...new Set([...search.runs, ...(task.data?.runs ?? [])])].slice(0, COMPARED);
  const found = useQueries({ queries: ids.map((run) => runQuery(project, run)) });
  const runs = found.flatMap(({ data }) => data ?? []);
  const error = found.find((one) => one.error !== null)?.error ?? task.error;
  const choose = (change: object) => void navigate({ to: ".", search: ((old: object) => ({ ...old, ...change })) as never, resetScroll: false });
  if (ids.length < 2 && search.task === undefined) return <TooFew project={project} />;
  return (
    <div className="compared">
      <div className="heading">
        <h2>Compare {counted(ids.length, "run")}</h2>
        <label className="plain">
          <input
            type="checkbox"
            checked={search.differing ?? false}
            onChange={(event) => choose({ differing: event.target.checked || undefined })}
          />{" "}
          Only what differs
        </label>
      </div>
      <Problems of={error} />
      {task.data && <Awaited task={task.data} />}
      {runs.length === ids.length ? (
        <>
          <Side project={project} runs={runs} differing={search.differing ?? false} onWithout={(id) => choose({ runs: ids.filter((one) => one !== id), task: undefined })} />
          <OutputFiles project={project} runs={runs} differing={search.differing ?? false} />
          {runs.some(({ series }) => series.length > 0) && (
            <section>
              <h3>Curves</h3>
              <Suspense fallback={<p role="status" className="curves-wait">Loading…</p>}>
                <CurveCharts
                  project={project}
                  runs={runs.map((run) => ({ id: run.id, name: nameOf(run), live: run.status === "running" }))}
                  search={search}
                  onChoose={choose}
                />
              </Suspense>
            </section>
          )}
          <Changes project={project} runs={runs} />
        </>
      ) : (
        error === null && <p role="status">Loading…</p>
      )}
    </div>
  );
}

/** The task whose runs are waited for. */
function Awaited({ task }: { readonly task: Task }): JSX.Element {
  return (
    <p role="status">
      <State of={task.status} /> <span className="ds-quiet">{hasEnded(task) && task.runs.length === 0 ? "It published no run." : task.message}</span>{" "}
      <Link to="/tasks/$task" params={{ task: task.id }}>
        {whatOf(task)}
      </Link>
    </p>
  );
}

interface SideProps {
  readonly project: string;
  readonly runs: readonly Run[];
  readonly differing: boolean;
  readonly onWithout: (id: string) => void;
}

function Side({ project, runs, differing, onWithout }: SideProps): JSX.Element {
  return (
    <div className="scroll compare" tabIndex={0} role="region" aria-label="Comparison">
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span className="unseen">Name</span>
            </th>
            {runs.map((run) => (
              <th key={run.id} scope="col">
                <Link to="/projects/$project/runs/$run" params={{ project, run: run.id }}>
                  {nameOf(run)}
                </Link>{" "}
                {runs.length > 2 && (
                  <button type="button" className="ds-link" aria-label={`Compare without ${nameOf(run)}`} onClick={() => onWithout(run.id)}>
                    ×
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        {sectionsOf(runs).map((section) => (
          <Lines key={section.title} section={section} differing={differing} span={runs.length + 1} />
        ))}
      </table>
    </div>
  );
}

function Lines({ section, differing, span }: { section: Section; differing: boolean; span: number }): JSX.Element | null {
  const lines = differing ? section.lines.filter((line) => line.differs) : section.lines;
  if (lines.length === 0) return null;
  return (
    <tbody>
      <tr className="section">
        <th scope="rowgroup" colSpan={span}>
          {section.title}
        </th>
      </tr>
      {lines.map((line) => (
        <Line key={line.name} line={line} />
      ))}
    </tbody>
  );
}

function Line({ line: { name, values, differs } }: { readonly line: Compared }): JSX.Element {
  return (
    <tr className={differs ? "differs" : ""}>
      <th scope="row">
        {name}
        {differs && <span className="unseen"> differs</span>}
      </th>
      {values.map((value, index) => (
        <td key={index}>{value === undefined ? <span className="ds-quiet">none</span> : value}</td>
      ))}
    </tr>
  );
}

function TooFew({ project }: { readonly project: string }): JSX.Element {
  return (
    <section className="empty">
      <p>
        Two to eight runs can be compared: select them in the{" "}
        <Link to="/projects/$project/runs" params={{ project }}>
          table of runs
        </Link>
        .
      </p>
    </section>
  );
}
