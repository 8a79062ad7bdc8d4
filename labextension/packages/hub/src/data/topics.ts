/** Which answers a change makes old. */
import type { QueryKey } from "@tanstack/react-query";

import type { Notice } from "./socket";

type Keys = (notice: Notice) => readonly QueryKey[];

const named = (noun: string, id: string | null | undefined): QueryKey => (id ? [noun, id] : [noun]);

/** The beginnings of the keys of queries, by what changed. What is named in other nouns' answers is old too. */
const KEYS: Readonly<Record<Notice["kind"], Keys>> = {
  everything: () => [[]],
  projects: ({ project }) => [["projects"], named("project", project), ["datasets"], ["dataset"], ["secrets"]],
  files: ({ project, dataset }) =>
    project
      ? [["files", "project", project], ["project", project], ["provenance", project]]
      : [["files", "dataset", dataset], ["dataset", dataset], ["datasets"]],
  tasks: ({ project, task }) => [["tasks"], named("task", task), named("repetition", project)],
  runs: ({ project, run }) => [
    ["runs", project],
    ["run-columns", project],
    ["columns", project],
    run ? ["run", project, run] : ["run", project],
    ["provenance", project],
  ],
  points: ({ project, run }) => [run ? ["points", project, run] : ["points", project]],
  comments: ({ project, run }) => [["comments", project, run], ["runs", project]],
  samples: ({ task }) => [named("task-resources", task)],
  runners: ({ runner }) => [["runners"], named("runner", runner)],
  // A task in the queue says how far the datasets are that it waits for.
  datasets: ({ dataset }) => [["datasets"], named("dataset", dataset), ["tasks"]],
  secrets: () => [["secrets"]],
};

/** The keys that changes make old, each once. A newer hub may tell of what this page does not know: that is nothing. */
export function keysOf(notices: readonly Notice[]): readonly QueryKey[] {
  const keys = new Map<string, QueryKey>();
  for (const notice of notices) {
    for (const key of KEYS[notice.kind]?.(notice) ?? []) keys.set(JSON.stringify(key), key);
  }
  return keys.has("[]") ? [[]] : [...keys.values()];
}
