import type { Body, Reply, Schema } from "@dotscience/api";
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, reply } from "../data/api";

export type Dataset = Schema<"Dataset">;
export type SyncStatus = Schema<"SyncStatus">;

/** The datasets that a person sees, newest first. */
export const datasetsQuery = () =>
  infiniteQueryOptions({
    queryKey: ["datasets"],
    queryFn: async ({ pageParam }) =>
      reply<"list_datasets">(await api.GET("/datasets", { params: { query: { cursor: pageParam, limit: 50 } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page: Reply<"list_datasets">) => page.next,
  });

/** One dataset. */
export const datasetQuery = (dataset: string) =>
  queryOptions({
    queryKey: ["dataset", dataset],
    queryFn: async () => reply<"get_dataset">(await api.GET("/datasets/{dataset}", { params: { path: { dataset } } })),
  });

/** Something that changes datasets: afterwards they, and projects that link them, are asked for again. */
function useChange<Input, Output>(change: (input: Input) => Promise<Output>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () =>
      Promise.all(["datasets", "dataset", "projects", "project"].map((noun) => client.invalidateQueries({ queryKey: [noun] }))),
  });
}

/** Creates a dataset, of a bucket or of files. */
export const useCreateDataset = () =>
  useChange(async (body: Body<"create_dataset">) => reply<"create_dataset">(await api.POST("/datasets", { body })));

/** Asks for another look at a dataset's bucket. */
export const useSync = (dataset: string) =>
  useChange(() => api.POST("/datasets/{dataset}/sync", { params: { path: { dataset } } }));

/** Deletes a dataset with all its versions, also when projects link it. */
export function useDeleteDataset(dataset: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.DELETE("/datasets/{dataset}", { params: { path: { dataset }, query: { force: true } } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["datasets"] }),
  });
}

/** Lets a project's tasks see a dataset, at a path. */
export const useLink = (project: string) =>
  useChange(({ dataset, path }: { dataset: string; path: string }) =>
    api.PUT("/projects/{project}/datasets/{dataset}", { params: { path: { project, dataset } }, body: { path } }),
  );

/** Lets a project's tasks not see a dataset any more. */
export const useUnlink = (project: string) =>
  useChange((dataset: string) =>
    api.DELETE("/projects/{project}/datasets/{dataset}", { params: { path: { project, dataset } } }),
  );
