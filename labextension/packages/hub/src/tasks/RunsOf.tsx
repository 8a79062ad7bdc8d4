import { Link } from "@tanstack/react-router";

import type { Task } from "./queries";

const SHOWN = 10;

/** The runs that a task recorded, and the run that it runs again. */
export function RunsOf({ task }: { readonly task: Task }): JSX.Element | null {
  const { project, repeats, runs } = task;
  if (repeats == null && runs.length === 0) return null;
  return (
    <p className="inline">
      {repeats != null && (
        <span>
          Repeats <RunLink project={project} run={repeats} />.
        </span>
      )}
      {runs.length > 0 && (
        <span>
          Runs:{" "}
          {runs.slice(0, SHOWN).map((run, index) => (
            <span key={run}>
              {index > 0 && ", "}
              <RunLink project={project} run={run} />
            </span>
          ))}
          {runs.length > SHOWN && ` and ${runs.length - SHOWN} more`}
        </span>
      )}
    </p>
  );
}

function RunLink({ project, run }: { readonly project: string; readonly run: string }): JSX.Element {
  return (
    <Link to="/projects/$project/runs/$run" params={{ project, run }}>
      {`run ${run.slice(0, 13)}`}
    </Link>
  );
}
