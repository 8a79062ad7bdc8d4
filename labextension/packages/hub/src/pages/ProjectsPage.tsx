import { Ago } from "@dotscience/ui";
import { useQuery } from "@tanstack/react-query";

import { api, reply } from "../data/api";
import { Problems } from "../shell/Failure";

/** The projects of the user and those shared with them. */
export function ProjectsPage(): JSX.Element {
  const found = useQuery({ queryKey: ["projects"], queryFn: async () => reply<"list_projects">(await api.GET("/projects")) });
  const items = found.data?.items ?? [];
  return (
    <>
      <h1>Projects</h1>
      <Problems of={found.error} />
      <table aria-busy={found.isPending}>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Owner</th>
            <th scope="col">Created</th>
          </tr>
        </thead>
        <tbody>
          {items.map((project) => (
            <tr key={project.id}>
              <td>{project.name}</td>
              <td>{project.owner}</td>
              <td>
                <Ago time={project.created} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
