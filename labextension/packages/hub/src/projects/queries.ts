import type { Body, Reply, Schema } from "@dotscience/api";
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, reply } from "../data/api";

export type Project = Schema<"Project">;
export type Role = Schema<"Role">;

/** The projects that a person sees, page by page, newest first. */
export const projectsQuery = () =>
  infiniteQueryOptions({
    queryKey: ["projects"],
    queryFn: async ({ pageParam }) =>
      reply<"list_projects">(await api.GET("/projects", { params: { query: { cursor: pageParam } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page: Reply<"list_projects">) => page.next,
  });

/** One project. */
export const projectQuery = (project: string) =>
  queryOptions({
    queryKey: ["project", project],
    queryFn: async () => reply<"get_project">(await api.GET("/projects/{project}", { params: { path: { project } } })),
  });

/** Names of the hub's users that hold a text; ten at the most. */
export const usersQuery = (name: string) =>
  queryOptions({
    queryKey: ["users", name],
    queryFn: async ({ signal }) =>
      reply<"find_users">(await api.GET("/users", { params: { query: { name } }, signal })).items.map((user) => user.name),
    staleTime: 60_000,
    retry: false,
  });

/** Something that changes projects: afterwards they are asked for again. */
function useChange<Input, Output>(change: (input: Input) => Promise<Output>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["projects"] });
      await client.invalidateQueries({ queryKey: ["project"] });
    },
  });
}

/** Creates a project. */
export const useCreate = () =>
  useChange(async (body: Body<"create_project">) => reply<"create_project">(await api.POST("/projects", { body })));

/** Changes a project's name or description. */
export const useUpdate = (project: string) =>
  useChange((body: Body<"update_project">) => api.PATCH("/projects/{project}", { params: { path: { project } }, body }));

/** Deletes a project with all it holds. */
export const useDelete = (project: string) =>
  useChange(() => api.DELETE("/projects/{project}", { params: { path: { project } } }));

/** Shares a project with a user, or changes what they may do. */
export const useShare = (project: string) =>
  useChange(({ user, role }: { user: string; role: Role }) =>
    api.PUT("/projects/{project}/collaborators/{user}", { params: { path: { project, user } }, body: { role } }),
  );

/** Stops sharing a project with a user. */
export const useUnshare = (project: string) =>
  useChange((user: string) =>
    api.DELETE("/projects/{project}/collaborators/{user}", { params: { path: { project, user } } }),
  );
