import { Link } from "@tanstack/react-router";

import { pageOf } from "../files/place";
import { changedFiles } from "./compared";
import { nameOf } from "./names";
import type { Run } from "./queries";

/** Links to what changed in the files of runs: code, notebooks and results, from the first run to each other one. */
export function Changes({ project, runs }: { readonly project: string; readonly runs: readonly Run[] }): JSX.Element | null {
  const [first, ...others] = runs;
  const changes = others.map((run) => ({ run, files: changedFiles(first!, run) })).filter(({ files }) => files.length > 0);
  if (changes.length === 0) return null;
  return (
    <section>
      <h3>What changed in files since {nameOf(first!)}</h3>
      <ul className="rows">
        {changes.map(({ run, files }) => (
          <li key={run.id}>
            <strong>{nameOf(run)}</strong>
            {files.map(({ path, at, since }) => (
              <Link key={path} to={pageOf({ kind: "project", id: project }, "files")} search={{ at, since, path, view: "diff" } as never}>
                {path}
              </Link>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}
