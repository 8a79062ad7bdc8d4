import { Ago } from "@dotscience/ui";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";

import { Dialog } from "../shell/Dialog";
import { Facts } from "../shell/Facts";
import { Awaited } from "../shell/Failure";
import { State } from "../shell/State";
import { useTitle } from "../shell/title";
import { runnerQuery, useRemove, type Runner } from "./queries";
import { labelsOf } from "./RunnersPage";

/** What a runner is, what it did last, and its end. */
export function RunnerPage(): JSX.Element {
  const { runner: id } = useParams({ strict: false }) as { runner: string };
  const { data: runner, error } = useQuery(runnerQuery(id));
  useTitle(runner?.name ?? "Runner");
  if (!runner) return <Awaited noun="Runner" error={error} />;
  return (
    <>
      <div className="heading">
        <h1>{runner.name}</h1>
        <State of={runner.status} />
      </div>
      {runner.description && <p className="ds-quiet">{runner.description}</p>}
      <Facts
        facts={{
          Type: runner.type,
          Labels: labelsOf(runner),
          Storage: `${runner.storage} GB`,
          "Takes tasks of": runner.shared ? "everybody" : `${runner.owner} alone`,
          "Last seen": runner.last_seen ? <Ago time={runner.last_seen} /> : "never",
          Version: runner.version,
          Executes: runner.backend,
          Isolation: runner.isolation,
          Created: <Ago time={runner.created} />,
          Id: <code>{runner.id}</code>,
        }}
      />
      <Tasks runner={runner} />
      <Remove runner={runner} />
    </>
  );
}

function Tasks({ runner }: { readonly runner: Runner }): JSX.Element {
  return (
    <section>
      <h2>Tasks</h2>
      {runner.tasks.length === 0 && <p className="ds-hint">It has had no tasks yet.</p>}
      <ul className="rows">
        {runner.tasks.map((task) => (
          <li key={task.id}>
            <Link to="/tasks/$task" params={{ task: task.id }}>
              <code>{task.id}</code>
            </Link>
            <State of={task.status} />
            <span className="ds-quiet">
              <Ago time={task.created} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Remove({ runner }: { readonly runner: Runner }): JSX.Element {
  const remove = useRemove(runner.id);
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  return (
    <section>
      <h2>Remove</h2>
      <p>Its token ends at once; tasks that it runs go back to the queue.</p>
      <button type="button" className="danger" onClick={() => setAsking(true)}>
        Remove this runner
      </button>
      {asking && (
        <Dialog
          title={`Remove ${runner.name}?`}
          action="Remove"
          busy={remove.isPending}
          error={remove.error}
          onAct={() => remove.mutate(undefined, { onSuccess: () => void navigate({ to: "/runners" }) })}
          onClose={() => setAsking(false)}
        >
          <p>
            {runner.running_tasks > 0
              ? `It runs ${runner.running_tasks} of your tasks now; they begin anew elsewhere.`
              : "It runs nothing now."}
          </p>
        </Dialog>
      )}
    </section>
  );
}
