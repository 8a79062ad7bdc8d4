import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { projectQuery } from "../projects/queries";
import { Dialog } from "../shell/Dialog";
import { Facts } from "../shell/Facts";
import { whatOf } from "../tasks/workload";
import { useRepeat, type Recipe, type Repetition } from "./repetition";
import { digestOf, fileOf } from "./differing";

interface AgainProps {
  readonly project: string;
  readonly run: string;
  readonly repetition: Repetition;
}

/** Starts what made a run once more, exactly as it was, and leads to the new task. */
export function Again({ project, run, repetition }: AgainProps): JSX.Element | null {
  const [asking, setAsking] = useState(false);
  const { data } = useQuery(projectQuery(project));
  const { recipe, obstacles, caveats } = repetition;
  if (recipe === null || obstacles.length > 0 || data === undefined || data.role === "reader") return null;
  return (
    <>
      <button type="button" onClick={() => setAsking(true)}>
        Run again
      </button>
      {asking && <Ask project={project} run={run} recipe={recipe} caveats={caveats} onClose={() => setAsking(false)} />}
    </>
  );
}

interface AskProps {
  readonly project: string;
  readonly run: string;
  readonly recipe: Recipe;
  readonly caveats: readonly string[];
  readonly onClose: () => void;
}

function Ask({ project, run, recipe, caveats, onClose }: AskProps): JSX.Element {
  const repeat = useRepeat(project, run);
  const navigate = useNavigate();
  const start = () => repeat.mutate(undefined, { onSuccess: ({ id }) => void navigate({ to: "/tasks/$task", params: { task: id } }) });
  const names = Object.keys(recipe.workload.environment ?? {});
  return (
    <Dialog title="Run again" action="Start" busy={repeat.isPending} error={repeat.error} onAct={start} onClose={onClose}>
      <p>A new task does exactly the same. The page of its run then says what differs from this one.</p>
      <Facts
        facts={{
          Command: <code>{whatOf(recipe)}</code>,
          Version: recipe.commit ? <code>{recipe.commit.slice(0, 12)}</code> : "an empty workspace",
          Data: recipe.datasets.map(({ name, commit }) => `${name} (${fileOf(commit) ?? "empty"})`).join(", "),
          Image: digestOf(recipe) && <code>{`${recipe.workload.image} (${digestOf(recipe)!.slice(0, 19)}…)`}</code>,
          Environment: names.join(", "),
        }}
      />
      {caveats.length > 0 && (
        <ul aria-label="What may differ">
          {caveats.map((caveat) => (
            <li key={caveat}>{caveat}</li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
