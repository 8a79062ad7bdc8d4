import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useId, useState, type FormEvent, type ReactNode } from "react";

import { boot } from "../boot";
import { api, reply } from "../data/api";
import { useKey } from "../data/key";
import { projectQuery, type Project } from "../projects/queries";
import { Problems } from "../shell/Failure";
import { State } from "../shell/State";
import { useTitle } from "../shell/title";
import { addressOf } from "./Guests";
import { hasEnded, jupyterQuery, type Task } from "./queries";
import { EMPTY, IMAGE, spawnAddress, wishOf, type Fields } from "./wish";

/** Starts a command or a JupyterLab on a runner, in the words of `ds run` and `ds jupyter`. */
export function StartPage(): JSX.Element {
  const { project: id } = useParams({ strict: false }) as { project: string };
  const { data: project } = useSuspenseQuery(projectQuery(id));
  useTitle("Start");
  if (project.role === "reader")
    return <p className="empty">You may look at this project, but not run anything in it. Its owner can make you a writer.</p>;
  return (
    <div className="start">
      <Command project={project} />
      <Lab project={project} />
    </div>
  );
}

interface ForProject {
  readonly project: Project;
}

function useFields() {
  const [fields, setFields] = useState<Fields>(EMPTY);
  return [fields, (change: Partial<Fields>) => setFields((old) => ({ ...old, ...change }))] as const;
}

function Command({ project }: ForProject): JSX.Element {
  const [fields, change] = useFields();
  const navigate = useNavigate();
  const client = useQueryClient();
  const key = useKey();
  const start = useMutation({
    mutationFn: async () => {
      const body = wishOf(fields);
      const params = { path: { project: project.id }, header: { "Idempotency-Key": key([project.id, body]) } };
      return reply<"create_task">(await api.POST("/projects/{project}/tasks", { params, body }));
    },
    onSuccess: ({ id }) => {
      void client.invalidateQueries({ queryKey: ["tasks"] });
      void navigate({ to: "/tasks/$task", params: { task: id } });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    start.mutate();
  };
  return (
    <form className="fields" aria-label="Run a command" onSubmit={submit}>
      <h2>Run a command</h2>
      <p className="ds-quiet">It runs on a runner, in the newest version of the project{project.head ? <> (<code>{project.head.slice(0, 7)}</code>)</> : ", which is empty so far"}.</p>
      <Field label="Command" help="Its words as in a shell; for pipes and variables write sh -c '…'.">
        {(own) => <textarea {...own} required rows={2} spellCheck={false} placeholder="python train.py --epochs 10" value={fields.command} onChange={(event) => change({ command: event.target.value })} />}
      </Field>
      <Field label="Image" help={`A container image. Left empty: ${IMAGE}, in which import dotscience works.`}>
        {(own) => <input {...own} maxLength={400} autoComplete="off" spellCheck={false} placeholder={IMAGE} value={fields.image} onChange={(event) => change({ image: event.target.value })} />}
      </Field>
      <Field label="Environment" help="NAME=VALUE in each line. Everybody in the project can read it.">
        {(own) => <textarea {...own} rows={2} spellCheck={false} placeholder="SEED=1" value={fields.environment} onChange={(event) => change({ environment: event.target.value })} />}
      </Field>
      <Demand fields={fields} onChange={change} />
      <Problems of={start.error} />
      <button type="submit" className="primary" disabled={start.isPending}>
        Run
      </button>
    </form>
  );
}

function Lab({ project }: ForProject): JSX.Element {
  const [fields, change] = useFields();
  const [error, setError] = useState<Error | null>(null);
  const running = useQuery(jupyterQuery(project.id)).data?.filter((task) => !hasEnded(task)) ?? [];
  const mine = running.filter((task) => task.creator === boot.user);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    try {
      location.assign(spawnAddress(boot.hub, boot.user, project.server, project.id, fields));
    } catch (failure) {
      setError(failure as Error);
    }
  };
  return (
    <form className="fields" aria-label="Start JupyterLab" onSubmit={submit}>
      <h2>JupyterLab</h2>
      <p className="ds-quiet">It works in the project&rsquo;s files, and what it saves becomes versions. You have one for each project.</p>
      {running.length > 0 && (
        <ul className="rows" aria-label="Running JupyterLabs">
          {running.map((task) => (
            <Running key={task.id} task={task} />
          ))}
        </ul>
      )}
      {mine.length === 0 && (
        <>
          <Field label="Image of JupyterLab" help="One with jupyterhub and jupyterlab. Left empty: the hub's usual one.">
            {(own) => <input {...own} maxLength={400} autoComplete="off" spellCheck={false} value={fields.image} onChange={(event) => change({ image: event.target.value })} />}
          </Field>
          <Demand fields={fields} onChange={change} />
          <Problems of={error} />
          <button type="submit" className="primary">
            Start JupyterLab
          </button>
        </>
      )}
    </form>
  );
}

function Running({ task }: { readonly task: Task }): JSX.Element {
  const mine = task.creator === boot.user;
  return (
    <li>
      <State of={task.status} /> <span className="ds-quiet">{mine ? "yours" : `of ${task.creator}`}</span>
      {mine && task.status === "running" && <a href={addressOf(task)}>Open JupyterLab</a>}
      <Link to="/tasks/$task" params={{ task: task.id }}>
        Its task
      </Link>
    </li>
  );
}

interface DemandProps {
  readonly fields: Fields;
  readonly onChange: (change: Partial<Fields>) => void;
}

/** What is asked of the runner. */
function Demand({ fields, onChange }: DemandProps): JSX.Element {
  return (
    <>
      <Field label="Runner labels" help="Only a runner that has all of them. Left empty: any.">
        {(own) => <input {...own} autoComplete="off" spellCheck={false} placeholder="site=berlin fast" value={fields.labels} onChange={(event) => onChange({ labels: event.target.value })} />}
      </Field>
      <div className="sizes">
        <Field label="CPU cores" help="At most.">
          {(own) => <input {...own} inputMode="decimal" autoComplete="off" placeholder="all" value={fields.cpus} onChange={(event) => onChange({ cpus: event.target.value })} />}
        </Field>
        <Field label="Memory" help="At most, such as 8g.">
          {(own) => <input {...own} autoComplete="off" placeholder="no limit" value={fields.memory} onChange={(event) => onChange({ memory: event.target.value })} />}
        </Field>
        <Field label="GPUs" help="-1 for all.">
          {(own) => <input {...own} inputMode="numeric" autoComplete="off" placeholder="0" value={fields.gpus} onChange={(event) => onChange({ gpus: event.target.value })} />}
        </Field>
      </div>
    </>
  );
}

interface Own {
  readonly id: string;
  readonly "aria-describedby": string;
}

interface FieldProps {
  readonly label: string;
  readonly help: string;
  readonly children: (own: Own) => ReactNode;
}

function Field({ label, help, children }: FieldProps): JSX.Element {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-describedby": `${id}-help` })}
      <small id={`${id}-help`} className="ds-quiet">
        {help}
      </small>
    </div>
  );
}
