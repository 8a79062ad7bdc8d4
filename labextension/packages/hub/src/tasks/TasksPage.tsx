import { Ago } from "@dotscience/ui";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";

import { projectQuery } from "../projects/queries";
import { Command } from "../shell/Command";
import { Problems } from "../shell/Failure";
import { More } from "../shell/More";
import { State } from "../shell/State";
import { Table } from "../shell/Table";
import { STATUSES, tasksQuery, type Task, type TaskStatus } from "./queries";
import { whatOf } from "./workload";

/** Tasks of all the user's projects, or of one, newest first. */
export function TasksPage(): JSX.Element {
  const { project } = useParams({ strict: false }) as { project?: string };
  const { status } = useSearch({ strict: false }) as { status?: TaskStatus };
  const found = useInfiniteQuery(tasksQuery({ project, status }));
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      {!project && <h1>Tasks</h1>}
      <div className="heading">
        <StatusChoice status={status} />
        {project && <StartLink project={project} />}
      </div>
      <Problems of={found.error} />
      {found.isSuccess && items.length === 0 ? <NoTasks project={project} /> : <Tasks items={items} withProject={!project} />}
      <More of={found} />
    </>
  );
}

function StartLink({ project }: { readonly project: string }): JSX.Element | null {
  const { data } = useQuery(projectQuery(project));
  return data === undefined || data.role === "reader" ? null : (
    <Link className="button primary" to="/projects/$project/tasks/start" params={{ project }}>
      Start
    </Link>
  );
}

function StatusChoice({ status }: { readonly status: TaskStatus | undefined }): JSX.Element {
  const navigate = useNavigate();
  const choose = (chosen: string) =>
    void navigate({ to: ".", search: ((old: object) => ({ ...old, status: chosen || undefined })) as never });
  return (
    <p>
      <label className="plain">
        Status{" "}
        <select value={status ?? ""} onChange={(event) => choose(event.target.value)}>
          <option value="">any</option>
          {STATUSES.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
    </p>
  );
}

function Tasks({ items, withProject }: { readonly items: readonly Task[]; readonly withProject: boolean }): JSX.Element {
  return (
    <Table columns={["Task", "Status", withProject && "Project", "Runner", "By", "Created"]}>
      {items.map((task) => (
        <tr key={task.id}>
          <th scope="row">
            <Link to="/tasks/$task" params={{ task: task.id }}>
              <code>{whatOf(task)}</code>
            </Link>
          </th>
          <td>
            <State of={task.status} />
          </td>
          {withProject && (
            <td>
              <Link to="/projects/$project/tasks" params={{ project: task.project }}>
                {task.project_name}
              </Link>
            </td>
          )}
          <td>{task.runner_name ?? ""}</td>
          <td>{task.creator}</td>
          <td>
            <Ago time={task.created} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

function NoTasks({ project }: { readonly project: string | undefined }): JSX.Element {
  return (
    <section className="empty">
      <p>No such tasks. A task is a command that a runner executes{project ? ": start one here, or " : "; "}in the folder of your program:</p>
      <Command>{`ds run -p ${project ?? "PROJECT"} -u . -- python train.py`}</Command>
    </section>
  );
}
