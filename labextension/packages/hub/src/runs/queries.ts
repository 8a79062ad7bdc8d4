import type { Reply, Schema } from "@dotscience/api";
import { extended, lastRow, type Curve } from "@dotscience/ui";
import { infiniteQueryOptions, keepPreviousData, queryOptions, useQueries } from "@tanstack/react-query";
import { useEffect } from "react";

import { api, reply } from "../data/api";

export type Run = Schema<"Run">;
export type RunRow = Schema<"RunRow">;
export type RunFile = Schema<"RunFile">;
export type Columns = Schema<"Columns">;
export type Curves = Readonly<Record<string, Curve>>;

/** The order when none was chosen: newest first. */
export const NEWEST = "-created";
const FIRST_PAGE = 100;
const PAGE = 1_000;

/** Which runs, in which order. */
export interface Wanted {
  readonly filter?: string | undefined;
  readonly sort?: string | undefined;
}

async function pageOf(project: string, { filter, sort }: Wanted, cursor: string | null, limit: number): Promise<Reply<"list_runs">> {
  const query = { filter: filter ?? null, sort: sort ?? NEWEST, cursor, limit };
  return reply<"list_runs">(await api.GET("/projects/{project}/runs", { params: { path: { project }, query } }));
}

/** Runs, page by page: a short one first, which is soon there. */
export const runsQuery = (project: string, wanted: Wanted) =>
  infiniteQueryOptions({
    queryKey: ["runs", project, wanted.filter ?? null, wanted.sort ?? null],
    queryFn: ({ pageParam }) => pageOf(project, wanted, pageParam, pageParam === null ? FIRST_PAGE : PAGE),
    initialPageParam: null as string | null,
    getNextPageParam: (page: Reply<"list_runs">) => page.next,
    placeholderData: keepPreviousData,
  });

/** All runs that a filter leaves, in order, for a file. */
export async function* allRuns(project: string, wanted: Wanted): AsyncGenerator<readonly RunRow[]> {
  let cursor: string | null = null;
  do {
    const page: Reply<"list_runs"> = await pageOf(project, wanted, cursor, PAGE);
    yield page.items;
    cursor = page.next ?? null;
  } while (cursor !== null);
}

/** The names of all columns, most used first. */
export const namesQuery = (project: string) =>
  queryOptions({
    queryKey: ["run-columns", project],
    queryFn: async () =>
      reply<"list_columns">(await api.GET("/projects/{project}/columns/names", { params: { path: { project } } })).items,
  });

/** Whole columns of the runs that a filter leaves. */
export const columnsQuery = (project: string, columns: readonly string[], filter: string | undefined) =>
  queryOptions({
    queryKey: ["columns", project, columns, filter ?? null],
    queryFn: async () => {
      const query = { columns: [...columns], filter: filter ?? null };
      return reply<"get_run_columns">(await api.GET("/projects/{project}/columns", { params: { path: { project }, query } }));
    },
    enabled: columns.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

/** One run. */
export const runQuery = (project: string, run: string) =>
  queryOptions({
    queryKey: ["run", project, run],
    queryFn: async () => reply<"get_run">(await api.GET("/projects/{project}/runs/{run}", { params: { path: { project, run } } })),
  });

/** A run's curves: only the points that are new are asked for. */
export const pointsQuery = (project: string, run: string) =>
  queryOptions({
    queryKey: ["points", project, run],
    queryFn: async ({ client, queryKey }) => {
      const old = client.getQueryData<Curves>(queryKey) ?? {};
      const params = { path: { project, run }, query: { after: lastRow(old) } };
      const { curves } = reply<"get_points">(await api.GET("/projects/{project}/runs/{run}/points", { params }));
      return Object.keys(curves).length === 0 ? old : extended(old, curves);
    },
    structuralSharing: false,
  });

/** A run whose curves are looked at. */
export interface Followed {
  readonly id: string;
  readonly live: boolean;
}

/** The curves of some runs, as they grow. */
export function useCurves(project: string, runs: readonly Followed[]) {
  const found = useQueries({ queries: runs.map(({ id }) => pointsQuery(project, id)) });
  const ended = runs.filter(({ live }) => !live).length;
  useEffect(() => {
    // What came between the last look and the end.
    found.forEach((one, index) => runs[index]?.live === false && one.isStale && void one.refetch());
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [ended]);
  return found;
}
