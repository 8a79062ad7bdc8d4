import { useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import { boot } from "../boot";
import { LinkedDatasets } from "../datasets/LinkedDatasets";
import { Command } from "../shell/Command";
import { DeleteByName } from "../shell/DeleteByName";
import { Problems } from "../shell/Failure";
import { Collaborators } from "./Collaborators";
import { projectQuery, useDelete, useUpdate, type Project } from "./queries";

/** A project's name, collaborators, address for git, and its end. */
export function SettingsPage(): JSX.Element {
  const { project: id } = useParams({ strict: false }) as { project: string };
  const { data: project } = useSuspenseQuery(projectQuery(id));
  const owns = project.role === "owner";
  return (
    <>
      <h2>About</h2>
      <About key={project.id} project={project} mayEdit={owns} />
      <Collaborators project={project} mayEdit={owns} />
      <LinkedDatasets project={project} />
      <h2>Address</h2>
      <p>Its history is a git repository; a token of yours is the password.</p>
      <Command>{`git clone ${boot.url}${project.git_url}`}</Command>
      <p className="ds-quiet">
        Id <code>{project.id}</code>
      </p>
      {owns && <Delete project={project} />}
    </>
  );
}

function About({ project, mayEdit }: { readonly project: Project; readonly mayEdit: boolean }): JSX.Element {
  const update = useUpdate(project.id);
  const [name, setName] = useState(project.name);
  const [description, setDescription] = useState(project.description);
  const changed = name.trim() !== project.name || description !== project.description;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    update.mutate({ name: name.trim(), description });
  };
  return (
    <form className="fields" onSubmit={submit}>
      <label>
        Name
        <input required maxLength={200} value={name} disabled={!mayEdit} onChange={(event) => setName(event.target.value)} />
      </label>
      <label>
        What it is about
        <textarea
          rows={3}
          maxLength={10_000}
          value={description}
          disabled={!mayEdit}
          onChange={(event) => setDescription(event.target.value)}
        />
      </label>
      <Problems of={update.error} />
      {mayEdit && (
        <button type="submit" disabled={!changed || update.isPending}>
          Save
        </button>
      )}
    </form>
  );
}

function Delete({ project }: { readonly project: Project }): JSX.Element {
  const remove = useDelete(project.id);
  const navigate = useNavigate();
  return (
    <DeleteByName
      noun="project"
      name={project.name}
      consequence="The project goes with its files, versions and runs."
      busy={remove.isPending}
      error={remove.error}
      onDelete={() => remove.mutate(undefined, { onSuccess: () => void navigate({ to: "/" }) })}
    />
  );
}
