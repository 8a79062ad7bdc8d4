import type { Body, Reply, Schema } from "@dotscience/api";
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, reply } from "../data/api";

export type Runner = Schema<"Runner">;

/** Runners of the user and shared ones, newest first. */
export const runnersQuery = () =>
  infiniteQueryOptions({
    queryKey: ["runners"],
    queryFn: async ({ pageParam }) =>
      reply<"list_runners">(await api.GET("/runners", { params: { query: { cursor: pageParam } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page: Reply<"list_runners">) => page.next,
  });

/** One runner. */
export const runnerQuery = (runner: string) =>
  queryOptions({
    queryKey: ["runner", runner],
    queryFn: async () => reply<"get_runner">(await api.GET("/runners/{runner}", { params: { path: { runner } } })),
  });

/** Creates a runner; its token comes with the answer and never again. */
export function useCreate() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (body: Body<"create_runner">) => reply<"create_runner">(await api.POST("/runners", { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["runners"] }),
  });
}

/** Removes a runner; its running tasks go back to the queue. */
export function useRemove(runner: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.DELETE("/runners/{runner}", { params: { path: { runner } } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["runners"] }),
  });
}
