import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { pageOf } from "../files/place";
import type { Task } from "../tasks/queries";
import type { RunFile } from "./queries";

interface FileLinkProps {
  readonly project: string;
  readonly file: RunFile;
  /** What ran: knows where datasets were. */
  readonly task: Pick<Task, "datasets"> | undefined;
  /** What the link says; the path when absent. */
  readonly children?: ReactNode;
}

/** A file of a run: leads to exactly the version that the run read or wrote. */
export function FileLink({ project, file, task, children }: FileLinkProps): JSX.Element {
  const { path, commit, dataset } = file;
  if (commit === null) return <>{children === undefined ? path : null}</>;
  const place = dataset === null || dataset === undefined ? ({ kind: "project", id: project } as const) : ({ kind: "dataset", id: dataset } as const);
  const mount = task?.datasets.find(({ dataset: id }) => id === dataset)?.path;
  const within = mount !== undefined && path.startsWith(`${mount}/`) ? path.slice(mount.length + 1) : path;
  return (
    <Link to={pageOf(place, "files")} search={{ at: commit, path: within } as never}>
      {children ?? path}
    </Link>
  );
}

/** A version of the workspace. */
export function CommitLink({ project, commit }: { readonly project: string; readonly commit: string }): JSX.Element {
  return (
    <Link to={pageOf({ kind: "project", id: project }, `commits/${commit}`)} title={commit}>
      <code>{commit.slice(0, 12)}</code>
    </Link>
  );
}
