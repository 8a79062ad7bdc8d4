import { useSuspenseQuery } from "@tanstack/react-query";
import { Outlet, useParams } from "@tanstack/react-router";

import { boot } from "../boot";
import { useTitle } from "../shell/title";
import { Tabs } from "../shell/Tabs";
import { projectQuery, type Project } from "./queries";

/** The project's pages, as they are called above each of them; a page is below `projects/ID/`. */
const PAGES = { runs: "Runs", tasks: "Tasks", files: "Files", commits: "Versions", provenance: "Provenance", settings: "Settings" } as const;

/** A project's name, and its pages. */
export function ProjectLayout(): JSX.Element {
  const { project: id } = useParams({ strict: false }) as { project: string };
  const { data: project } = useSuspenseQuery(projectQuery(id));
  useTitle(project.name, 0);
  return (
    <>
      <div className="heading">
        <h1>{project.name}</h1>
        {project.role !== "reader" && <JupyterLab project={project} />}
      </div>
      {project.description && <p className="ds-quiet">{project.description}</p>}
      <Tabs label="Project" base={`/projects/${id}`} pages={PAGES} />
      <Outlet />
    </>
  );
}

/** Leads to the person's own JupyterLab of the project: to the form that starts it, or into it where it runs. */
function JupyterLab({ project }: { readonly project: Project }): JSX.Element {
  return (
    <a className="button primary" href={`${boot.hub}spawn/${encodeURIComponent(boot.user)}/${project.server}`}>
      JupyterLab
    </a>
  );
}
