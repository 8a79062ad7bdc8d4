import type { Schema } from "@dotscience/api";
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, reply } from "../data/api";

export type GuestList = Schema<"GuestList">;

/** Who else may open a task's JupyterLab. */
export const guestsQuery = (task: string) =>
  queryOptions({
    queryKey: ["guests", task],
    queryFn: async () => reply<"list_guests">(await api.GET("/tasks/{task}/guests", { params: { path: { task } } })),
  });

/** Lets somebody in, or out again; afterwards the guests are asked for anew. */
export function useGuest(task: string, method: "PUT" | "DELETE") {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (user: string) => {
      const path = { params: { path: { task, user } } };
      await (method === "PUT" ? api.PUT("/tasks/{task}/guests/{user}", path) : api.DELETE("/tasks/{task}/guests/{user}", path));
    },
    onSettled: () => client.invalidateQueries(guestsQuery(task)),
  });
}
