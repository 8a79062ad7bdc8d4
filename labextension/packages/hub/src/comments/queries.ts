import type { Reply, Schema } from "@dotscience/api";
import { infiniteQueryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, reply } from "../data/api";
import { useKey } from "../data/key";

export type Comment = Schema<"Comment">;

/** So many characters a comment has at the most; see `jupyter_dotscience/api/comments.py`. */
export const LONGEST = 10_000;

/** Comments on a run, oldest first. */
export const commentsQuery = (project: string, run: string) =>
  infiniteQueryOptions({
    queryKey: ["comments", project, run],
    queryFn: async ({ pageParam }) => {
      const params = { path: { project, run }, query: { cursor: pageParam } };
      return reply<"list_comments">(await api.GET("/projects/{project}/runs/{run}/comments", { params }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page: Reply<"list_comments">) => page.next,
  });

/** Says something about a run. */
export function useSay(project: string, run: string) {
  const client = useQueryClient();
  const key = useKey();
  return useMutation({
    mutationFn: async (text: string) => {
      const params = { path: { project, run }, header: { "Idempotency-Key": key([project, run, text]) } };
      return reply<"add_comment">(await api.POST("/projects/{project}/runs/{run}/comments", { params, body: { text } }));
    },
    onSuccess: async () => {
      key(null);
      await client.invalidateQueries(commentsQuery(project, run));
    },
  });
}

/** Removes a comment. */
export function useUnsay(project: string, run: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (comment: string) =>
      api.DELETE("/projects/{project}/runs/{run}/comments/{comment}", { params: { path: { project, run, comment } } }),
    onSettled: () => client.invalidateQueries(commentsQuery(project, run)),
  });
}
