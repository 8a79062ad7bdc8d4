import type { Body, Reply, Schema } from "@dotscience/api";
import { infiniteQueryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, reply } from "../data/api";

export type Secret = Schema<"Secret">;

/** Key pairs of the person and their projects, newest first. Their private halves are never asked for here. */
export const secretsQuery = () =>
  infiniteQueryOptions({
    queryKey: ["secrets"],
    queryFn: async ({ pageParam }) =>
      reply<"list_secrets">(await api.GET("/secrets", { params: { query: { cursor: pageParam, limit: 100 } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page: Reply<"list_secrets">) => page.next,
  });

function useChange<Input, Output>(change: (input: Input) => Promise<Output>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => client.invalidateQueries({ queryKey: ["secrets"] }) });
}

/** Makes a key pair. */
export const useGenerate = () =>
  useChange(async (body: Body<"create_secret">) => reply<"create_secret">(await api.POST("/secrets", { body })));

/** Removes a key pair. */
export const useRemoveSecret = () =>
  useChange((secret: string) => api.DELETE("/secrets/{secret}", { params: { path: { secret } } }));
