import type { Reply, Schema } from "@dotscience/api";
import { infiniteQueryOptions, queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { api, Problem, reply } from "../data/api";

export type Task = Schema<"Task">;
export type TaskStatus = Schema<"TaskStatus">;

export const STATUSES: readonly TaskStatus[] = [
  "queued",
  "assigned",
  "preparing",
  "running",
  "saving",
  "succeeded",
  "failed",
  "stopped",
  "lost",
];
const ENDED: ReadonlySet<TaskStatus> = new Set(["succeeded", "failed", "stopped", "lost"]);
const LOOK_AGAIN = 3_000;
const WAIT_SECONDS = 25;

/** Whether a task has ended. */
export const hasEnded = (task: Pick<Task, "status">): boolean => ENDED.has(task.status);

/** Which tasks to list. */
export interface Wanted {
  readonly project?: string | undefined;
  readonly status?: TaskStatus | undefined;
}

/** Tasks, newest first. */
export const tasksQuery = ({ project, status }: Wanted) =>
  infiniteQueryOptions({
    queryKey: ["tasks", project ?? null, status ?? null],
    queryFn: async ({ pageParam }) =>
      reply<"list_tasks">(
        await api.GET("/tasks", { params: { query: { cursor: pageParam, project: project ?? null, status: status ?? null, limit: 50 } } }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page: Reply<"list_tasks">) => page.next,
  });

/** The newest JupyterLabs among the newest tasks of a project. */
export const jupyterQuery = (project: string) =>
  queryOptions({
    queryKey: ["tasks", project, "jupyter"],
    queryFn: async () => {
      const query = { project, limit: 200 };
      const { items } = reply<"list_tasks">(await api.GET("/tasks", { params: { query } }));
      return items.filter(({ workload }) => workload.kind === "jupyter");
    },
  });

/** One task. */
export const taskQuery = (task: string) =>
  queryOptions({
    queryKey: ["task", task],
    queryFn: async () => reply<"get_task">(await api.GET("/tasks/{task}", { params: { path: { task } } })),
  });

/** A task as it changes: a call to the hub stays open and is answered with the next change. */
export function useTask(id: string, enabled = true) {
  const client = useQueryClient();
  const found = useQuery({ ...taskQuery(id), enabled });
  const { data: task } = found;
  const goesOn = task !== undefined && !hasEnded(task);
  const version = task?.version ?? -1;
  useEffect(() => {
    if (!goesOn) return;
    const given = new AbortController();
    void follow(id, version, given.signal, (next) => client.setQueryData(taskQuery(id).queryKey, next));
    return () => given.abort();
  }, [client, goesOn, id, version]);
  return found;
}

async function follow(task: string, after: number, signal: AbortSignal, put: (task: Task) => void): Promise<void> {
  while (!signal.aborted) {
    try {
      const query = { after, wait: WAIT_SECONDS };
      const next = reply<"get_task">(await api.GET("/tasks/{task}", { params: { path: { task }, query }, signal }));
      if (next.version !== after) return put(next);
    } catch (error) {
      if (signal.aborted || (error instanceof Problem && error.status < 500)) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
    }
  }
}

/** Asks a task to stop; its results are still saved. */
export function useStop(task: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async () => reply<"stop_task">(await api.POST("/tasks/{task}/stop", { params: { path: { task } } })),
    onSuccess: (stopped) => client.setQueryData(taskQuery(task).queryKey, stopped),
  });
}
