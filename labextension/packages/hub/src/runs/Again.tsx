import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { api, reply } from "../data/api";
import { projectQuery } from "../projects/queries";
import { Dialog } from "../shell/Dialog";
import type { Task } from "../tasks/queries";
import { whatOf } from "../tasks/workload";

/** Starts what made a run once more, and leads to the comparison of both. */
export function Again({ run, task }: { readonly run: string; readonly task: Task }): JSX.Element | null {
  const [asking, setAsking] = useState(false);
  const navigate = useNavigate();
  const start = useMutation({
    mutationFn: async () => {
      const { workload, labels, resources, commit } = task;
      const params = { path: { project: task.project } };
      const body = { workload, labels, resources, commit, sealed_environment: {} };
      return reply<"create_task">(await api.POST("/projects/{project}/tasks", { params, body }));
    },
    onSuccess: ({ id }) =>
      void navigate({ to: "/projects/$project/compare", params: { project: task.project }, search: { runs: [run], task: id } as never }),
  });
  const { data: project } = useQuery(projectQuery(task.project));
  if (task.workload.kind !== "command" || project === undefined || project.role === "reader") return null;
  return (
    <>
      <button type="button" onClick={() => setAsking(true)}>
        Run again
      </button>
      {asking && (
        <Dialog title="Run again" action="Start" busy={start.isPending} error={start.error} onAct={() => start.mutate()} onClose={() => setAsking(false)}>
          <p>
            <code>{whatOf(task)}</code> runs as a new task, from the same version, with the same environment, size and name of the image. Then you see what differs.
          </p>
        </Dialog>
      )}
    </>
  );
}
