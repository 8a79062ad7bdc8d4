import { counted, type Compared } from "@dotscience/ui";
import { useQueries } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";

import { Problems } from "../shell/Failure";
import { useTitle } from "../shell/title";
import { sectionsOf, type Section } from "./compared";
import { nameOf } from "./names";
import { runQuery, type Run } from "./queries";
import type { CompareSearch } from "./search";

const CurveCharts = lazy(async () => ({ default: (await import("./CurveCharts")).CurveCharts }));

/** Runs side by side: what differs comes first. */
export function ComparePage(): JSX.Element {
  useTitle("Compare runs");
  const { project } = useParams({ strict: false }) as { project: string };
  const search = useSearch({ strict: false }) as CompareSearch;
  const navigate = useNavigate();
  const found = useQueries({ queries: search.runs.map((run) => runQuery(project, run)) });
  const runs = found.flatMap(({ data }) => data ?? []);
  const error = found.find((one) => one.error !== null)?.error ?? null;
  const choose = (change: object) => void navigate({ to: ".", search: ((old: object) => ({ ...old, ...change })) as never, resetScroll: false });
  if (search.runs.length < 2) return <TooFew project={project} />;
  return (
    <>
      <div className="heading">
        <h2>Compare {counted(search.runs.length, "run")}</h2>
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
      {runs.length === search.runs.length ? (
        <>
          <Side project={project} runs={runs} differing={search.differing ?? false} onWithout={(id) => choose({ runs: search.runs.filter((one) => one !== id) })} />
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
        </>
      ) : (
        error === null && <p role="status">Loading…</p>
      )}
    </>
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
