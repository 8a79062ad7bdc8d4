import type { Reply, Schema } from "@dotscience/api";
import { infiniteQueryOptions, queryOptions, useQuery } from "@tanstack/react-query";

import { api, reply } from "../data/api";
import { OURS, contentAddress, problemOf, type Place } from "./place";

export type FileVersion = Schema<"FileVersion">;
export type Tree = Schema<"Tree">;
export type Commit = Schema<"Commit">;
export type ChangedFile = Schema<"ChangedFile">;

const FULL = /^[0-9a-f]{40}$/;

/** What a commit's id names never changes; where a branch stands does. */
const lasting = (at: string) => (FULL.test(at) ? { staleTime: Infinity } : {});

/** The files right in a folder, and its folders in numbers. */
export const folderQuery = (place: Place, at: string, prefix: string) =>
  queryOptions({
    queryKey: ["files", place.kind, place.id, "tree", at, prefix],
    queryFn: async () => {
      const query = { at, prefix, fold: true };
      return place.kind === "project"
        ? reply<"get_tree">(await api.GET("/projects/{project}/tree", { params: { path: { project: place.id }, query } }))
        : reply<"get_dataset_tree">(await api.GET("/datasets/{dataset}/tree", { params: { path: { dataset: place.id }, query } }));
    },
    ...lasting(at),
  });

/** Versions, newest first: of all, or those that changed one file or folder. */
export const commitsQuery = (place: Place, at: string, path: string | null) =>
  infiniteQueryOptions({
    queryKey: ["files", place.kind, place.id, "commits", at, path],
    queryFn: async ({ pageParam }) => {
      const query = { at, path, cursor: pageParam, limit: 50 };
      return place.kind === "project"
        ? reply<"list_commits">(await api.GET("/projects/{project}/commits", { params: { path: { project: place.id }, query } }))
        : reply<"list_dataset_commits">(
            await api.GET("/datasets/{dataset}/commits", { params: { path: { dataset: place.id }, query } }),
          );
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page: Reply<"list_commits">) => page.next,
    ...lasting(at),
  });

/** One version. */
export const commitQuery = (place: Place, commit: string) =>
  queryOptions({
    queryKey: ["files", place.kind, place.id, "commit", commit],
    queryFn: async () =>
      place.kind === "project"
        ? reply<"get_commit">(
            await api.GET("/projects/{project}/commits/{commit}", { params: { path: { project: place.id, commit } } }),
          )
        : reply<"get_dataset_commit">(
            await api.GET("/datasets/{dataset}/commits/{commit}", { params: { path: { dataset: place.id, commit } } }),
          ),
    ...lasting(commit),
  });

/** What a version changed, compared with its first parent. */
export const changesQuery = (place: Place, commit: string) =>
  queryOptions({
    queryKey: ["files", place.kind, place.id, "changes", commit],
    queryFn: async () =>
      place.kind === "project"
        ? reply<"list_changes">(
            await api.GET("/projects/{project}/commits/{commit}/changes", { params: { path: { project: place.id, commit } } }),
          )
        : reply<"list_dataset_changes">(
            await api.GET("/datasets/{dataset}/commits/{commit}/changes", { params: { path: { dataset: place.id, commit } } }),
          ),
    ...lasting(commit),
  });

/** The branches of a project; a dataset has one. */
export const branchesQuery = (place: Place) =>
  queryOptions({
    queryKey: ["files", place.kind, place.id, "branches"],
    queryFn: async () =>
      reply<"list_branches">(await api.GET("/projects/{project}/branches", { params: { path: { project: place.id } } })),
    enabled: place.kind === "project",
  });

/** A part of a file's content.
 *
 * @param start first byte
 * @param length how many bytes at most; the file must have at least one byte from `start` on
 */
export async function readPart(place: Place, path: string, at: string, start: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
  const headers = { ...OURS, Range: `bytes=${start}-${start + length - 1}` };
  const answer = await fetch(contentAddress(place, path, at), { headers, ...(signal && { signal }) });
  if (!answer.ok) throw problemOf(answer.status, await answer.text());
  return new Uint8Array(await answer.arrayBuffer());
}

const PART = 256 * 1024;

/** A file's content, part by part. */
export const partsQuery = (place: Place, file: FileVersion, at: string) =>
  infiniteQueryOptions({
    queryKey: ["files", place.kind, place.id, "parts", file.blob, file.path],
    queryFn: ({ pageParam, signal }) =>
      file.size === 0 ? Promise.resolve(new Uint8Array()) : readPart(place, file.path, at, pageParam, PART, signal),
    initialPageParam: 0,
    getNextPageParam: (_last: Uint8Array, _all: unknown, start: number) => (start + PART < file.size ? start + PART : null),
    staleTime: Infinity,
    gcTime: 60_000,
  });

/** A whole file's content: for those that are no use in part, and not large. */
export const contentQuery = (place: Place, file: FileVersion, at: string) =>
  queryOptions({
    queryKey: ["files", place.kind, place.id, "content", file.blob, file.path],
    queryFn: ({ signal }) =>
      file.size === 0 ? Promise.resolve(new Uint8Array()) : readPart(place, file.path, at, 0, file.size, signal),
    staleTime: Infinity,
    gcTime: 60_000,
  });

/** The file at a path of a version; null when there is none. */
export function useFile(place: Place, at: string, path: string) {
  const folder = useQuery(folderQuery(place, at, path.slice(0, Math.max(path.lastIndexOf("/"), 0))));
  const file = folder.data?.items.find((item) => item.path === path) ?? null;
  return { file: folder.isSuccess ? file : undefined, commit: folder.data?.commit ?? null, error: folder.error };
}
