import { columnId, counted, parseColumn, valueOf } from "@dotscience/ui";
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useMemo } from "react";

import { boot } from "../boot";
import { Command } from "../shell/Command";
import { Problems } from "../shell/Failure";
import { ColumnChoice } from "./ColumnChoice";
import { exportRuns } from "./export";
import { FilterBox } from "./FilterBox";
import { Groups } from "./Groups";
import { allColumns, nextSort, startColumns } from "./names";
import { namesQuery, runsQuery, type RunRow } from "./queries";
import { RunTable } from "./RunTable";
import { COMPARED, SELECTED, VIEWS, type RunsSearch } from "./search";
import { Views } from "./Views";

const Charts = lazy(() => import("./Charts"));
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  status: ["running", "succeeded", "failed"],
  authority: ["workload", "derived", "correction", "remote"],
};
const NO_RUNS: ReadonlySet<string> = new Set();

/** The explorer: runs of a project as a table and as charts. */
export function RunsPage(): JSX.Element {
  const { project } = useParams({ strict: false }) as { project: string };
  const search = useSearch({ strict: false }) as RunsSearch;
  const choose = useChoose();
  const found = useInfiniteQuery(runsQuery(project, search));
  const names = useQuery(namesQuery(project));
  const runs = useMemo(() => found.data?.pages.flatMap((page) => page.items) ?? [], [found.data]);
  const columns = search.columns ?? startColumns(names.data ?? []);
  const selected = useMemo(() => new Set(search.runs), [search.runs]);
  if (found.isSuccess && runs.length === 0 && search.filter === undefined) return <NoRuns />;
  return (
    <div className="runs">
      <Tools project={project} search={search} runs={runs} columns={columns} error={found.error} />
      {/* Groups and charts ask for columns with the same filter, and say what is wrong with it themselves. */}
      <Problems of={search.group === undefined && (search.view ?? "curves") === "curves" ? found.error : null} />
      <Selection project={project} selected={selected} search={search} />
      {search.group !== undefined ? (
        <Groups
          project={project}
          filter={search.filter}
          by={search.group}
          columns={columns}
          onOpen={(filter) => choose({ filter, group: undefined })}
        />
      ) : search.view === undefined || search.view === "table" ? (
        <Table project={project} search={search} runs={runs} columns={columns} selected={selected} pages={found} />
      ) : (
        <Suspense fallback={<div className="runs-charts" role="status">Loading…</div>}>
          <Charts project={project} search={search} runs={runs} names={names.data ?? []} selected={selected} onChoose={choose} />
        </Suspense>
      )}
    </div>
  );
}

type Choose = (change: Partial<{ [Key in keyof RunsSearch]: RunsSearch[Key] | undefined }>) => void;

/** Changes what stands in the address. */
function useChoose(): Choose {
  const navigate = useNavigate();
  return useCallback(
    (change) => void navigate({ to: ".", search: ((old: object) => ({ ...old, ...change })) as never, resetScroll: false }),
    [navigate],
  );
}

interface ToolsProps {
  readonly project: string;
  readonly search: RunsSearch;
  readonly runs: readonly RunRow[];
  readonly columns: readonly string[];
  readonly error: Error | null;
}

function Tools({ project, search, runs, columns, error }: ToolsProps): JSX.Element {
  const choose = useChoose();
  const names = useQuery(namesQuery(project)).data;
  const all = useMemo(() => allColumns(names ?? []), [names]);
  const ids = useMemo(() => all.map(columnId), [all]);
  const valuesOf = (id: string) => KNOWN[id] ?? valuesIn(runs, id);
  const exporting = useMutation({ mutationFn: exportRuns });
  const navigate = useNavigate();
  return (
    <>
      <FilterBox
        filter={search.filter}
        columns={ids.filter((id) => id !== "created")}
        valuesOf={valuesOf}
        error={error}
        onFilter={(filter) => choose({ filter })}
      />
      <div className="runs-tools">
        <div role="group" aria-label="Show as" className="choices">
          {VIEWS.map((view) => (
            <button
              key={view}
              type="button"
              aria-pressed={(search.view ?? "table") === view && search.group === undefined}
              onClick={() => choose({ view: view === "table" ? undefined : view, group: undefined })}
            >
              {view}
            </button>
          ))}
        </div>
        <label className="plain">
          Group by{" "}
          <select value={search.group ?? ""} onChange={(event) => choose({ group: event.target.value || undefined })}>
            <option value="">nothing</option>
            {ids.map((id) => (
              <option key={id}>{id}</option>
            ))}
          </select>
        </label>
        <ColumnChoice
          all={all}
          shown={columns}
          pinned={search.pinned ?? []}
          onChoose={(chosen, pinned) => choose({ columns: chosen, pinned: pinned.length > 0 ? pinned : undefined })}
        />
        <Views key={project} project={project} search={search} onOpen={(saved) => void navigate({ to: ".", search: saved as never })} />
        <button
          type="button"
          disabled={exporting.isPending}
          onClick={() => exporting.mutate({ project, wanted: { filter: search.filter, sort: search.sort }, columns, selected: new Set(search.runs) })}
        >
          {exporting.isPending ? "Exporting…" : "Export CSV"}
        </button>
        <Problems of={exporting.error} />
      </div>
    </>
  );
}

/** What runs that are there have in a column, the most frequent first. */
function valuesIn(runs: readonly RunRow[], id: string): readonly string[] {
  const column = parseColumn(id);
  if (column === undefined) return [];
  const counts = new Map<string, number>();
  for (const run of runs.slice(0, 2_000)) {
    const value = valueOf(run, column);
    if (value !== undefined && value.length < 100) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([value]) => value);
}

interface TableProps {
  readonly project: string;
  readonly search: RunsSearch;
  readonly runs: readonly RunRow[];
  readonly columns: readonly string[];
  readonly selected: ReadonlySet<string>;
  readonly pages: {
    readonly isPending: boolean;
    readonly isPlaceholderData: boolean;
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly isFetchNextPageError: boolean;
    readonly fetchNextPage: () => unknown;
  };
}

function Table({ project, search, runs, columns, selected, pages }: TableProps): JSX.Element {
  const choose = useChoose();
  const { hasNextPage: more, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = pages;
  const onEnd = useCallback(() => {
    if (!isFetchingNextPage && !isFetchNextPageError) fetchNextPage();
  }, [isFetchingNextPage, isFetchNextPageError, fetchNextPage]);
  const select = (id: string, chosen: boolean) => {
    const next = chosen ? [...selected, id].slice(-SELECTED) : [...selected].filter((one) => one !== id);
    choose({ runs: next.length > 0 ? next : undefined });
  };
  return (
    <>
      <RunTable
        project={project}
        runs={runs}
        more={more}
        columns={columns}
        pinned={search.pinned ?? []}
        sort={search.sort}
        selected={selected.size === 0 ? NO_RUNS : selected}
        onSort={(id) => choose({ sort: nextSort(search.sort, id) })}
        onSelect={select}
        onEnd={onEnd}
      />
      <p className="ds-quiet" role="status">
        {pages.isPending ? "Loading…" : more ? `The first ${runs.length.toLocaleString()} runs; more come as you scroll.` : counted(runs.length, "run")}
        {isFetchNextPageError && (
          <button type="button" onClick={() => fetchNextPage()}>
            Try again
          </button>
        )}
      </p>
    </>
  );
}

function Selection({ project, selected, search }: { project: string; selected: ReadonlySet<string>; search: RunsSearch }): JSX.Element {
  const choose = useChoose();
  const compare = [...selected].slice(0, COMPARED);
  return (
    <p className="runs-selection" aria-live="polite">
      {selected.size === 0 ? (
        <span className="ds-quiet">
          {search.view === undefined ? "Select runs to compare them and to see only them in charts." : "Charts show all runs that the filter leaves; select some in the table to see only those."}
        </span>
      ) : (
        <>
          <span>{counted(selected.size, "run")} selected</span>
          {compare.length > 1 && (
            <Link className="button primary" to="/projects/$project/compare" params={{ project }} search={{ runs: compare } as never}>
              Compare {selected.size > COMPARED ? `the first ${COMPARED}` : "them"}
            </Link>
          )}
          <button type="button" onClick={() => choose({ runs: undefined })}>
            Select none
          </button>
        </>
      )}
    </p>
  );
}

function NoRuns(): JSX.Element {
  const { project } = useParams({ strict: false }) as { project: string };
  return (
    <section className="empty">
      <p>No runs yet. A run is what the library publishes, from a program or a notebook:</p>
      <Command>{`import dotscience as ds\n\nds.start()\nds.parameter("lr", 0.1)\nds.summary("accuracy", 0.93)\nds.publish("First try")`}</Command>
      <p>Then let a runner execute it, from its folder:</p>
      <Command>{`ds set server-url ${boot.url}\nds login --web\nds run -p ${project} -u . -- python train.py`}</Command>
    </section>
  );
}
