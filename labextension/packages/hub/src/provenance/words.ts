/** What nodes and folds are called, for the graph, the list and the picture alike. */
import { counted } from "@dotscience/ui";

import { isFold, type Fold, type Node } from "./graph";

export const LINKS: Readonly<Record<string, string>> = {
  read: "was read by",
  wrote: "wrote",
  saw: "was seen by",
  copied: "has the same content as",
};

export interface Words {
  /** What kind of thing it is. */
  readonly kind: string;
  readonly title: string;
  readonly detail: string;
}

export function wordsOf(item: Node | Fold): Words {
  if (isFold(item)) {
    const runs = item.members.filter((id) => id.startsWith("run:")).length;
    const parts = [runs && counted(runs, "run"), item.members.length - runs && counted(item.members.length - runs, "version")];
    return { kind: "Folded", title: parts.filter(Boolean).join(" and "), detail: item.shape === "chain" ? "one after the other" : "beside each other" };
  }
  if (item.kind === "run")
    return { kind: "Run", title: item.description || item.workload_file || item.run.slice(0, 13), detail: `${item.status} · ${item.author} · ${item.project_name}` };
  if (item.kind === "dataset") return { kind: "Dataset", title: item.name ?? "a dataset that is gone", detail: `version ${item.commit.slice(0, 7)}` };
  const place = item.place_name ?? (item.dataset ? "a dataset that is gone" : "a project that is gone");
  return { kind: "File", title: item.path, detail: `${item.commit ? item.commit.slice(0, 7) : "version not known"} · ${place}` };
}

/** A text cut to a width, from its middle: beginnings and ends tell more. */
export function clipped(text: string, length: number): string {
  const characters = [...text];
  if (characters.length <= length) return text;
  const end = Math.floor((length - 1) / 2);
  return `${characters.slice(0, length - 1 - end).join("")}…${characters.slice(-end).join("")}`;
}
