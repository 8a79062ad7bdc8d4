import { Ago, duration } from "@dotscience/ui";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";

import { projectQuery } from "../projects/queries";
import { Facts } from "../shell/Facts";
import { Awaited, Problems } from "../shell/Failure";
import { State } from "../shell/State";
import { useTitle } from "../shell/title";
import { Guests } from "./Guests";
import { LogView, type LogChoices } from "./LogView";
import { hasEnded, useStop, useTask, type Task } from "./queries";
import { RunsOf } from "./RunsOf";
import { Usage } from "./Usage";
import { whatOf } from "./workload";

/** A task: where it is, its log as it comes, and all that is known of it. */
export function TaskPage(): JSX.Element {
  const { task: id } = useParams({ strict: false }) as { task: string };
  const choices = useSearch({ strict: false }) as LogChoices;
  const navigate = useNavigate();
  const { data: task, error } = useTask(id);
  useTitle(task ? whatOf(task) : "Task");
  if (!task) return <Awaited noun="Task" error={error} />;
  return (
    <>
      <div className="heading">
        <h1>
          <code>{whatOf(task)}</code>
        </h1>
        <Stop task={task} />
      </div>
      <p role="status">
        <State of={task.status} /> <span className="ds-quiet">{task.message}</span>
      </p>
      <RunsOf task={task} />
      <Guests task={task} />
      <LogView
        task={id}
        choices={choices}
        onChoose={(next) => void navigate({ to: ".", search: next as never, replace: true })}
      />
      <Usage task={task} />
      <About task={task} />
      <Events task={task} />
    </>
  );
}

function Stop({ task }: { readonly task: Task }): JSX.Element | null {
  const stop = useStop(task.id);
  const { data: project } = useQuery(projectQuery(task.project));
  if (hasEnded(task) || project === undefined || project.role === "reader") return null;
  return (
    <span>
      <button type="button" className="danger" disabled={task.stop_requested || stop.isPending} onClick={() => stop.mutate()}>
        {task.stop_requested ? "Stopping…" : "Stop"}
      </button>
      <Problems of={stop.error} />
    </span>
  );
}

function About({ task }: { readonly task: Task }): JSX.Element {
  const { execution, workload } = task;
  return (
    <section>
      <h2>About</h2>
      <Facts
        facts={{
          Project: (
            <Link to="/projects/$project/tasks" params={{ project: task.project }}>
              {task.project_name}
            </Link>
          ),
          "Started by": task.creator,
          "Exit code": task.exit_code,
          Took: execution.started && execution.ended && duration((Date.parse(execution.ended) - Date.parse(execution.started)) / 1000),
          Image: workload.image,
          "Image digest": execution.image_digest && <code>{execution.image_digest}</code>,
          Runner: task.runner_name,
          Machine: [execution.machine.hostname, execution.machine.cpus[0], execution.machine.gpus.join(", ")].filter(Boolean).join(", "),
          Isolation: execution.isolation,
          Environment: pairs(workload.environment),
          Labels: pairs(task.labels),
          Datasets: task.datasets.map(({ name, path, commit }) => `${name} at ${path} (${commit?.slice(0, 7) ?? "empty"})`).join(", "),
          "CPU time": execution.usage.cpu_seconds === null ? undefined : `${execution.usage.cpu_seconds.toFixed(1)} s`,
          "Peak memory": execution.usage.peak_memory === null ? undefined : `${(execution.usage.peak_memory / 1e6).toFixed(0)} MB`,
          "Started from": task.commit && <code>{task.commit.slice(0, 12)}</code>,
          "Result": task.result_commit && <code>{task.result_commit.slice(0, 12)}</code>,
          "Merged into main": task.merge === "conflict" ? `no: both sides changed ${task.conflicts.join(", ")}` : task.merge,
          Id: <code>{task.id}</code>,
        }}
      />
    </section>
  );
}

function pairs(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");
}

function Events({ task }: { readonly task: Task }): JSX.Element {
  return (
    <section>
      <h2>What happened</h2>
      <ol className="rows">
        {task.events.map((event, index) => (
          <li key={index}>
            <State of={event.status} /> <span>{event.message}</span>{" "}
            <span className="ds-quiet">
              <Ago time={event.time} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
