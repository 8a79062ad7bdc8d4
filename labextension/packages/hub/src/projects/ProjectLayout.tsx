import { useSuspenseQuery } from "@tanstack/react-query";
import { Outlet, useParams } from "@tanstack/react-router";

import { useTitle } from "../shell/title";
import { Tabs } from "../shell/Tabs";
import { projectQuery } from "./queries";

/** The project's pages, as they are called above each of them; a page is below `projects/ID/`. */
const PAGES = { runs: "Runs", tasks: "Tasks", files: "Files", commits: "Versions", provenance: "Provenance", settings: "Settings" } as const;

/** A project's name, and its pages. */
export function ProjectLayout(): JSX.Element {
  const { project: id } = useParams({ strict: false }) as { project: string };
  const { data: project } = useSuspenseQuery(projectQuery(id));
  useTitle(project.name, 0);
  return (
    <>
      <h1>{project.name}</h1>
      {project.description && <p className="ds-quiet">{project.description}</p>}
      <Tabs label="Project" base={`/projects/${id}`} pages={PAGES} />
      <Outlet />
    </>
  );
}
