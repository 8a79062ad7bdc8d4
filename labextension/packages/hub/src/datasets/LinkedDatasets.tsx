import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import { boot } from "../boot";
import { pageOf } from "../files/place";
import type { Project } from "../projects/queries";
import { Problems } from "../shell/Failure";
import { More } from "../shell/More";
import { datasetsQuery, useLink, useUnlink } from "./queries";

/** The datasets that a project's tasks see, and where. */
export function LinkedDatasets({ project }: { readonly project: Project }): JSX.Element {
  const unlink = useUnlink(project.id);
  const mayEdit = project.role === "owner" || project.role === "writer";
  const links = project.datasets ?? [];
  return (
    <section>
      <h2>Datasets</h2>
      {links.length === 0 && <p className="ds-quiet">Tasks of this project see no datasets.</p>}
      <ul className="rows">
        {links.map(({ dataset, dataset_name, path }) => (
          <li key={dataset}>
            <Link to={pageOf({ kind: "dataset", id: dataset }, "files")}>{dataset_name}</Link> <span className="ds-quiet">at {path}</span>
            {mayEdit && (
              <button type="button" aria-label={`Unlink ${dataset_name}`} onClick={() => unlink.mutate(dataset)}>
                Unlink
              </button>
            )}
          </li>
        ))}
      </ul>
      <Problems of={unlink.error} />
      {mayEdit && <Add project={project} />}
    </section>
  );
}

function Add({ project }: { readonly project: Project }): JSX.Element {
  const found = useInfiniteQuery(datasetsQuery());
  const link = useLink(project.id);
  const [dataset, setDataset] = useState("");
  const [path, setPath] = useState("");
  const linked = new Set((project.datasets ?? []).map((one) => one.dataset));
  const mine = found.data?.pages.flatMap((page) => page.items).filter(({ id, owner }) => !linked.has(id) && (owner === boot.user || boot.admin)) ?? [];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const forget = () => (setDataset(""), setPath(""));
    link.mutate({ dataset, path: path.trim() }, { onSuccess: forget });
  };
  return (
    <>
      <form className="inline" onSubmit={submit}>
        <select aria-label="Dataset to link" required value={dataset} onChange={(event) => setDataset(event.target.value)}>
          <option value="">{mine.length === 0 ? "No dataset of yours is left" : "A dataset of yours"}</option>
          {mine.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
        <input
          aria-label="Where tasks see it"
          placeholder="Path, such as data"
          required
          value={path}
          onChange={(event) => setPath(event.target.value)}
        />
        <button type="submit" disabled={link.isPending || dataset === "" || path.trim() === ""}>
          Link
        </button>
        <Link to="/datasets">All datasets</Link>
      </form>
      <Problems of={link.error} />
      <More of={found} />
    </>
  );
}
