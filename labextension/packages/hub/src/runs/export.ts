import { csv, parseColumn, valueOf } from "@dotscience/ui";

import { allRuns, type RunRow, type Wanted } from "./queries";

interface Exported {
  readonly project: string;
  readonly wanted: Wanted;
  readonly columns: readonly string[];
  /** Only these, where any are selected. */
  readonly selected: ReadonlySet<string>;
}

/** Saves runs as a CSV file; made here, so that it is never a page of the hub's. */
export async function exportRuns({ project, wanted, columns, selected }: Exported): Promise<void> {
  const shown = columns.flatMap((id) => parseColumn(id) ?? []);
  const parts = [csv([["run", "description", ...columns]])];
  const line = (run: RunRow) => [run.id, run.description ?? "", ...shown.map((column) => valueOf(run, column))];
  for await (const runs of allRuns(project, wanted)) {
    const chosen = selected.size === 0 ? runs : runs.filter(({ id }) => selected.has(id));
    parts.push(csv(chosen.map(line)));
  }
  const url = URL.createObjectURL(new Blob(parts, { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `runs-${project.slice(0, 13)}.csv`;
  link.click();
  URL.revokeObjectURL(url);
}
