import type { Task } from "./queries";

/** What a task does, in one line: its command as a shell would take it, or the word JupyterLab. */
export function whatOf({ workload }: Pick<Task, "workload">): string {
  return workload.kind === "jupyter" ? "JupyterLab" : workload.command.map(quoted).join(" ");
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}
