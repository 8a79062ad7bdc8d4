import type { Schema } from "@dotscience/api";
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, reply } from "../data/api";
import { useKey } from "../data/key";

export type Recipe = Schema<"Recipe">;
export type Repetition = Schema<"Repetition">;
export type Repeat = Schema<"Repeat">;

/** Whether a run can be run again, what it repeats and what repeats it. */
export const repetitionQuery = (project: string, run: string) =>
  queryOptions({
    queryKey: ["repetition", project, run],
    queryFn: async () => {
      const params = { path: { project, run } };
      return reply<"get_repetition">(await api.GET("/projects/{project}/runs/{run}/repetition", { params }));
    },
  });

/** Runs it again: answers the new task. */
export function useRepeat(project: string, run: string) {
  const client = useQueryClient();
  const key = useKey();
  return useMutation({
    mutationFn: async () => {
      const params = { path: { project, run }, header: { "Idempotency-Key": key(run) } };
      return reply<"repeat_run">(await api.POST("/projects/{project}/runs/{run}/repeat", { params, body: { labels: null, sealed_environment: {} } }));
    },
    onSuccess: async () => {
      key(null);
      await client.invalidateQueries(repetitionQuery(project, run));
    },
  });
}
