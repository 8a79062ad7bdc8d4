import { Ago, counted } from "@dotscience/ui";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { boot } from "../boot";
import { Command } from "../shell/Command";
import { Dialog } from "../shell/Dialog";
import { Problems } from "../shell/Failure";
import { More } from "../shell/More";
import { Table } from "../shell/Table";
import { useTitle } from "../shell/title";
import { projectsQuery, useCreate, type Project } from "./queries";

/** The projects of the user, and those shared with them. */
export function ProjectsPage(): JSX.Element {
  useTitle("Projects");
  const found = useInfiniteQuery(projectsQuery());
  const [creating, setCreating] = useState(false);
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <div className="heading">
        <h1>Projects</h1>
        <button type="button" className="primary" onClick={() => setCreating(true)}>
          New project
        </button>
      </div>
      <Problems of={found.error} />
      {found.isSuccess && items.length === 0 ? <NoProjects /> : <Projects items={items} />}
      <More of={found} />
      {creating && <Create onClose={() => setCreating(false)} />}
    </>
  );
}

function Projects({ items }: { readonly items: readonly Project[] }): JSX.Element {
  return (
    <>
      <Table columns={["Name", "Owner", "Shared with", "Datasets", "Created"]}>
        {items.map((project) => (
          <tr key={project.id}>
            <th scope="row">
              <Link to="/projects/$project/runs" params={{ project: project.id }}>
                {project.name}
              </Link>
              {project.description && <div className="ds-quiet">{project.description}</div>}
            </th>
            <td>{project.owner === boot.user ? "you" : project.owner}</td>
            <td>{project.collaborators.map(({ user }) => user).join(", ") || "nobody"}</td>
            <td>{(project.datasets ?? []).map(({ dataset_name, path }) => `${dataset_name} at ${path}`).join(", ")}</td>
            <td>
              <Ago time={project.created} />
            </td>
          </tr>
        ))}
      </Table>
      <p className="ds-quiet">{counted(items.length, "project")}</p>
    </>
  );
}

function NoProjects(): JSX.Element {
  return (
    <section className="empty">
      <p>You have no projects yet. Create one here, or from the folder of your program:</p>
      <Command>{`ds set server-url ${boot.url}\nds login --web\nds project create digits\nds run -p digits -u . -- python train.py`}</Command>
    </section>
  );
}

function Create({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const create = useCreate();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const act = () =>
    create.mutate(
      { name: name.trim(), description },
      { onSuccess: ({ id }) => void navigate({ to: "/projects/$project/settings", params: { project: id } }) },
    );
  return (
    <Dialog
      title="New project"
      action="Create"
      busy={create.isPending}
      error={create.error}
      ready={name.trim() !== ""}
      onAct={act}
      onClose={onClose}
    >
      <label>
        Name
        <input autoFocus required maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
      </label>
      <label>
        What it is about
        <textarea rows={3} maxLength={10_000} value={description} onChange={(event) => setDescription(event.target.value)} />
      </label>
    </Dialog>
  );
}
