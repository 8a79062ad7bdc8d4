import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import { boot } from "../boot";
import { projectQuery, type Project } from "../projects/queries";
import { Problems } from "../shell/Failure";
import { guestsQuery, useGuest } from "./guestQueries";
import { hasEnded, type Task } from "./queries";

/** A running JupyterLab: its door, and who else may come in. */
export function Guests({ task }: { readonly task: Task }): JSX.Element | null {
  return task.workload.kind === "jupyter" && !hasEnded(task) ? <People task={task} /> : null;
}

function People({ task }: { readonly task: Task }): JSX.Element {
  const found = useQuery(guestsQuery(task.id));
  const guests = found.data?.items.map(({ user }) => user) ?? [];
  const mine = task.creator === boot.user;
  return (
    <section>
      <div className="heading">
        <h2>Who may open it</h2>
        {(mine || guests.includes(boot.user)) && <Open task={task} />}
      </div>
      <ul className="rows">
        <li>
          <strong>{task.creator}</strong> <span className="ds-quiet">started it; what anybody does in it is recorded as theirs</span>
        </li>
        {guests.map((user) => (
          <Guest key={user} task={task} user={user} mayRemove={mine || user === boot.user} />
        ))}
      </ul>
      <Problems of={found.error} />
      {mine && <LetIn task={task} guests={guests} />}
    </section>
  );
}

function Open({ task }: { readonly task: Task }): JSX.Element {
  return task.status === "running" ? (
    <a className="button primary" href={addressOf(task)}>
      Open JupyterLab
    </a>
  ) : (
    <span className="ds-quiet">It can be opened once it runs.</span>
  );
}

/** Where the hub's proxy has a task's JupyterLab. */
export function addressOf(task: Task): string {
  const server = task.workload.kind === "jupyter" ? task.workload.server : "";
  const path = ["user", task.creator, server, "lab"].filter(Boolean).map(encodeURIComponent).join("/");
  return boot.hub.replace(/hub\/$/, "") + path;
}

function Guest({ task, user, mayRemove }: { readonly task: Task; readonly user: string; readonly mayRemove: boolean }): JSX.Element {
  const remove = useGuest(task.id, "DELETE");
  return (
    <li>
      <strong>{user}</strong>{" "}
      {mayRemove && (
        <button type="button" aria-label={`Remove ${user}`} disabled={remove.isPending} onClick={() => remove.mutate(user)}>
          Remove
        </button>
      )}
      <Problems of={remove.error} />
    </li>
  );
}

function LetIn({ task, guests }: { readonly task: Task; readonly guests: readonly string[] }): JSX.Element {
  const { data: project } = useQuery(projectQuery(task.project));
  const add = useGuest(task.id, "PUT");
  const [chosen, setChosen] = useState("");
  const others = project ? writers(project).filter((user) => user !== task.creator && !guests.includes(user)) : [];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(chosen, { onSuccess: () => setChosen("") });
  };
  if (others.length === 0) return <Nobody task={task} />;
  return (
    <form className="inline" onSubmit={submit}>
      <select aria-label="Who to let in" required value={chosen} onChange={(event) => setChosen(event.target.value)}>
        <option value="">Choose a writer of the project</option>
        {others.map((user) => (
          <option key={user}>{user}</option>
        ))}
      </select>
      <button type="submit" disabled={add.isPending || chosen === ""}>
        Let in
      </button>
      <Problems of={add.error} />
    </form>
  );
}

function Nobody({ task }: { readonly task: Task }): JSX.Element {
  return (
    <p className="ds-quiet">
      You can let in whoever may change files in the project;{" "}
      <Link to="/projects/$project/settings" params={{ project: task.project }}>
        share it
      </Link>{" "}
      to have more of them.
    </p>
  );
}

/** Who may change things in a project. */
function writers(project: Project): string[] {
  return [project.owner, ...project.collaborators.filter(({ role }) => role !== "reader").map(({ user }) => user)];
}
