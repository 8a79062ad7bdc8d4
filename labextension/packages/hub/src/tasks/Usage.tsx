import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";

import { Problems } from "../shell/Failure";
import { hasEnded, type Task } from "./queries";
import { resourcesQuery, sentenceOf, usageOf } from "./measures";

const UsageCharts = lazy(() => import("./UsageCharts"));

/** What a task uses of its machine, while it runs and afterwards. */
export function Usage({ task }: { readonly task: Task }): JSX.Element | null {
  const hasStarted = task.execution.started !== null;
  const { data: used, error } = useQuery({ ...resourcesQuery(task), enabled: hasStarted });
  if (!hasStarted) return null;
  const usage = usageOf(task, used);
  const drawable = (used?.times.length ?? 0) > 1;
  return (
    <section className="usage">
      <h2>Resources</h2>
      {usage.out_of_memory && (
        <p role="alert" className="ds-error">
          Memory ran out, and a process of the task was ended.
          {task.resources.memory !== null && " Start it with more memory, or let it work on less at a time."}
        </p>
      )}
      <p>{sentenceOf(usage, task.resources.memory) || " "}</p>
      <Problems of={error} />
      {drawable ? (
        <Suspense fallback={<p className="usage-wait ds-quiet">Loading…</p>}>
          <UsageCharts task={task} used={used!} />
        </Suspense>
      ) : (
        <p className="usage-wait ds-quiet">{used === undefined ? "Loading…" : hasEnded(task) ? "It was over before there was anything to draw." : "Curves begin after some seconds."}</p>
      )}
    </section>
  );
}
