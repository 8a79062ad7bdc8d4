import { queryOptions, useQueries, keepPreviousData } from "@tanstack/react-query";

import { api, reply } from "../data/api";
import type { Answer } from "./graph";
import type { Direction, Start } from "./search";

/** So many nodes of one answer are drawn: some ten thousand edges. */
const LIMIT = 5_000;
/** How far is looked from a node that is opened: the next run and its files. */
const STEP = 2;

interface Wanted extends Start {
  readonly direction: Direction;
  readonly depth: number;
}

/** Ancestors and descendants of a start. */
export const provenanceQuery = (project: string, wanted: Wanted) =>
  queryOptions({
    queryKey: ["provenance", project, wanted],
    queryFn: async (): Promise<Answer> => {
      const query = { ...wanted, limit: LIMIT };
      return reply<"get_provenance">(await api.GET("/projects/{project}/provenance", { params: { path: { project }, query } }));
    },
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });

/** What nodes that were opened show; those that are not there yet, or not any more, are left out. */
export function useOpened(project: string, nodes: readonly string[]): { readonly answers: readonly Answer[]; readonly error: Error | null } {
  return useQueries({
    queries: nodes.map((node) => provenanceQuery(project, { node, direction: "both", depth: STEP })),
    combine: (found) => ({
      answers: found.flatMap(({ data, isPlaceholderData }) => (data === undefined || isPlaceholderData ? [] : [data])),
      error: found.find(({ error }) => error !== null)?.error ?? null,
    }),
  });
}

/** The same as W3C PROV-JSON, as a file's text. */
export async function provJson(project: string, wanted: Wanted): Promise<string> {
  const query = { ...wanted, limit: LIMIT };
  const answer = await api.GET("/projects/{project}/provenance/prov-json", { params: { path: { project }, query } });
  return `${JSON.stringify(answer.data, null, 1)}\n`;
}
