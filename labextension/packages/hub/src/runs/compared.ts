import { compared, type Compared } from "@dotscience/ui";

import type { Run, RunFile } from "./queries";

export interface Section {
  readonly title: string;
  readonly lines: readonly Compared[];
}

/** What runs have, section by section: within each one what differs first. */
export function sectionsOf(runs: readonly Run[]): Section[] {
  const sections = {
    About: runs.map(about),
    Parameters: runs.map(({ parameters }) => parameters),
    Summary: runs.map(({ summary }) => summary),
    Labels: runs.map(({ labels }) => labels),
    Inputs: runs.map(({ inputs }) => versions(inputs)),
  };
  return Object.entries(sections)
    .map(([title, all]) => ({ title, lines: compared(all) }))
    .filter(({ lines }) => lines.length > 0);
}

function about(run: Run): Record<string, string | undefined> {
  const seconds = secondsOf(run);
  return {
    Status: run.status,
    Error: run.error ?? undefined,
    Author: run.author,
    "Workload file": run.workload_file ?? undefined,
    Version: run.commit?.slice(0, 12),
    Seconds: seconds === undefined ? undefined : seconds.toFixed(1),
  };
}

/** How long a run took, in seconds; undefined where it is not known. */
export function secondsOf({ started, ended }: Pick<Run, "started" | "ended">): number | undefined {
  return started && ended ? (Date.parse(ended) - Date.parse(started)) / 1000 : undefined;
}

/** Each file with the start of what tells its content. */
function versions(files: readonly RunFile[]): Record<string, string> {
  return Object.fromEntries(files.map(({ path, sha256, blob, commit }) => [path, contentOf({ sha256, blob, commit }).slice(0, 12) || "there"]));
}

function contentOf({ sha256, blob, commit }: Pick<RunFile, "sha256" | "blob" | "commit">): string {
  return sha256 ?? blob ?? commit ?? "";
}
