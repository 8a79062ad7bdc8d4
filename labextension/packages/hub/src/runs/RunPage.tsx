import { Ago, Clamped, duration, Values } from "@dotscience/ui";
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";

import { Comments } from "../comments/Comments";
import { pageOf } from "../files/place";
import { Facts } from "../shell/Facts";
import { Problems } from "../shell/Failure";
import { State } from "../shell/State";
import { useTitle } from "../shell/title";
import { taskQuery } from "../tasks/queries";
import { sentenceOf, usageIn } from "../tasks/measures";
import { whatOf } from "../tasks/workload";
import { Again } from "./Again";
import { secondsOf } from "./compared";
import { CommitLink, FileLink } from "./FileLink";
import { nameOf } from "./names";
import { runQuery, type Run, type RunFile } from "./queries";
import { Obstacles, Repeated } from "./Repeated";
import { repetitionQuery, type Recipe } from "./repetition";
import type { CurveSearch } from "./search";

/** What is known of the task that made a run. */
type Made = Pick<Recipe, "workload" | "commit" | "execution" | "runner_name" | "datasets" | "resources">;

const NO_VERSION = { sha256: null, blob: null, dataset: null, size: null };
const CurveCharts = lazy(async () => ({ default: (await import("./CurveCharts")).CurveCharts }));

/** A run: what code, which data, which parameters, where and on what, how long, what came out. */
export function RunPage(): JSX.Element {
  const { project, run: id } = useParams({ strict: false }) as { project: string; run: string };
  const { data: run } = useSuspenseQuery(runQuery(project, id));
  const task = useQuery({ ...taskQuery(run.task ?? ""), enabled: run.task !== null });
  const repetition = useQuery(repetitionQuery(project, id));
  // What a task was made of is known also when it was removed since.
  const made = task.data ?? repetition.data?.recipe ?? undefined;
  useTitle(nameOf(run));
  return (
    <article className="run" aria-labelledby="run-name">
      <div className="heading">
        <h2 id="run-name">{nameOf(run)}</h2>
        <Link to="/projects/$project/provenance" params={{ project }} search={{ run: id }}>
          Where it comes from
        </Link>
        {repetition.data && <Again project={project} run={run.id} repetition={repetition.data} />}
      </div>
      <p role="status">
        <State of={run.status} /> <span className="ds-quiet">by {run.author}, <Ago time={run.created} /></span>
      </p>
      {run.error && (
        <p role="alert" className="ds-error">
          {run.error}
        </p>
      )}
      {run.description !== null && run.description.trim() !== nameOf(run) && <p className="said">{run.description}</p>}
      {repetition.data && <Obstacles repetition={repetition.data} />}
      {repetition.data && <Repeated project={project} run={run} repetition={repetition.data} />}
      <section>
        <h3>With which values</h3>
        <div className="run-values">
          <Values title="Summary" values={run.summary} />
          <Values title="Parameters" values={run.parameters} />
          <Values title="Labels" values={run.labels} />
        </div>
        {[run.summary, run.parameters, run.labels].every((values) => Object.keys(values).length === 0) && <p className="ds-quiet">It published none.</p>}
      </section>
      <Curves project={project} run={run} />
      <section>
        <h3>What came out</h3>
        <FileList project={project} task={made} files={run.outputs} none="No output files." />
      </section>
      <section>
        <h3>From which data</h3>
        <FileList project={project} task={made} files={run.inputs} none={outside(run) ? "Not recorded: it ran outside of any task." : "No input files."} />
        <Datasets task={made} />
      </section>
      <section>
        <h3>From what code</h3>
        <Code run={run} task={made} />
      </section>
      <section>
        <h3>Where, on what, how long</h3>
        <Problems of={repetition.error ?? (made === undefined ? task.error : null)} />
        <Where run={run} task={made} removed={task.isError} />
      </section>
      <Metadata metadata={run.metadata} />
      <Comments project={project} run={run.id} />
    </article>
  );
}

function Curves({ project, run }: { readonly project: string; readonly run: Run }): JSX.Element | null {
  const search = useSearch({ strict: false }) as CurveSearch;
  const navigate = useNavigate();
  const live = run.status === "running";
  if (run.series.length === 0 && !live) return null;
  return (
    <section>
      <h3>Curves</h3>
      <Suspense fallback={<p role="status" className="curves-wait">Loading…</p>}>
        <CurveCharts
          project={project}
          runs={[{ id: run.id, name: nameOf(run), live }]}
          search={search}
          legend={false}
          onChoose={(change) => void navigate({ to: ".", search: ((old: object) => ({ ...old, ...change })) as never, replace: true, resetScroll: false })}
        />
      </Suspense>
    </section>
  );
}

interface FileListProps {
  readonly project: string;
  readonly task: Made | undefined;
  readonly files: readonly RunFile[];
  readonly none: string;
}

function FileList({ project, task, files, none }: FileListProps): JSX.Element {
  if (files.length === 0) return <p className="ds-quiet">{none}</p>;
  return (
    <div className="ds-files">
      <Clamped as="ul" items={files.map((file) => <File key={file.path} project={project} task={task} file={file} />)} />
    </div>
  );
}

function File({ project, task, file }: { readonly project: string; readonly task: Made | undefined; readonly file: RunFile }): JSX.Element {
  const { commit, sha256, blob, dataset } = file;
  return (
    <li>
      <FileLink project={project} task={task} file={file} />{" "}
      <span className="ds-quiet">
        {dataset && "of a dataset "}
        {commit && <>version <code title={commit}>{commit.slice(0, 7)}</code> </>}
        {(sha256 ?? blob) && <>content <code title={sha256 ?? blob ?? ""}>{(sha256 ?? blob)!.slice(0, 12)}</code></>}
      </span>
    </li>
  );
}

function Datasets({ task }: { readonly task: Made | undefined }): JSX.Element | null {
  if (task === undefined || task.datasets.length === 0) return null;
  return (
    <ul className="rows" aria-label="Datasets">
      {task.datasets.map(({ dataset, name, path, commit }) => (
        <li key={path}>
          Dataset <Link to={pageOf({ kind: "dataset", id: dataset }, "files")} search={{ at: commit ?? undefined } as never}>{name}</Link> at {path} <span className="ds-quiet">{commit ? <code title={commit}>{commit.slice(0, 7)}</code> : "empty"}</span>
        </li>
      ))}
    </ul>
  );
}

function Code({ run, task }: { readonly run: Run; readonly task: Made | undefined }): JSX.Element {
  return (
    <Facts
      facts={{
        // What ran outside is no part of the project.
        File: outside(run) ? run.workload_file : run.workload_file && <FileLink project={run.project} task={task} file={{ ...NO_VERSION, path: run.workload_file, commit: run.commit }} />,
        Command: task && <code>{whatOf(task)}</code>,
        "Started from": task?.commit && <CommitLink project={run.project} commit={task.commit} />,
        "Results in": run.commit && <CommitLink project={run.project} commit={run.commit} />,
        Repository: task?.workload.kind === "command" ? task.workload.repository?.url : undefined,
        "Repository's version": task?.execution.repository_commit && <code>{task.execution.repository_commit.slice(0, 12)}</code>,
      }}
    />
  );
}

function Where({ run, task, removed }: { readonly run: Run; readonly task: Made | undefined; readonly removed: boolean }): JSX.Element {
  const seconds = secondsOf(run);
  const machine = task?.execution.machine;
  const usage = task?.execution.usage;
  return (
    <Facts
      facts={{
        Task: run.task && (removed ? "removed since" : <TaskLink id={run.task} made={task} />),
        Runner: task?.runner_name,
        Image: task?.workload.image,
        "Image digest": task?.execution.image_digest && <code>{task.execution.image_digest}</code>,
        Machine: listed(machine ? [machine.hostname, machine.platform, machine.cpus[0], ...machine.gpus] : outside(run) ? [run.metadata["runner.name"], run.metadata["runner.platform"]] : []),
        "CPU time": usage?.cpu_seconds == null ? undefined : `${usage.cpu_seconds.toFixed(1)} s`,
        Used: sentenceOf(usage ?? usageIn(run.metadata), task?.resources.memory),
        Started: run.started && new Date(run.started).toLocaleString(),
        Took: seconds === undefined ? undefined : seconds < 60 ? `${seconds.toFixed(1)} s` : duration(seconds),
        "Recorded by": { workload: "the code itself", derived: "the hub", correction: "the runner: files that no run named", remote: "a client outside any task" }[run.authority],
        Id: <code>{run.id}</code>,
      }}
    />
  );
}

/** Whether a program outside of any task recorded it. */
function outside(run: Run): boolean {
  return run.authority === "remote";
}

function listed(parts: readonly (string | undefined)[]): string | undefined {
  return parts.filter(Boolean).join(", ") || undefined;
}

function TaskLink({ id, made }: { readonly id: string; readonly made: Made | undefined }): JSX.Element {
  return (
    <Link to="/tasks/$task" params={{ task: id }}>
      {made ? whatOf(made) : id}
    </Link>
  );
}

function Metadata({ metadata }: { readonly metadata: Readonly<Record<string, string>> }): JSX.Element | null {
  const lines = Object.entries(metadata);
  if (lines.length === 0) return null;
  return (
    <details>
      <summary>All that was recorded</summary>
      <div className="scroll">
        <table>
          <tbody>
            {lines.map(([name, value]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
