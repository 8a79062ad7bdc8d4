import { ATTRIBUTES, columnId, KINDS, type Column, type TabledRun } from "@dotscience/ui";
import type { Schema } from "@dotscience/api";

export type ColumnName = Schema<"ColumnName">;

const MOST: Readonly<Record<(typeof KINDS)[number], number>> = { parameters: 8, summary: 6, labels: 3 };

/** What a run is called: what it says of itself, or the start of its id. */
export function nameOf({ description, id }: Pick<TabledRun, "description" | "id">): string {
  const line = description?.trim().split("\n", 1)[0];
  return line || id.slice(0, 13);
}

/** All columns that there are: attributes, then recorded values with the most used first. */
export function allColumns(names: readonly ColumnName[]): Column[] {
  return [...ATTRIBUTES.map((name) => ({ kind: null, name })), ...KINDS.flatMap((kind) => names.filter((one) => one.kind === kind))];
}

/** The columns shown when none were chosen: the most used ones. */
export function startColumns(names: readonly ColumnName[]): string[] {
  const used = ([kind]: readonly [(typeof KINDS)[number]]) =>
    names
      .filter((one) => one.kind === kind)
      .slice(0, MOST[kind])
      .map(columnId);
  return ["status", "created", "author", ...used(["summary"]), ...used(["parameters"]), ...used(["labels"])];
}

/** Whether the hub can sort by a column: by when runs were recorded, and by recorded values. */
export const canSort = ({ kind, name }: Column): boolean => kind !== null || name === "created";

/** The next order when a column's name is pressed: largest first, smallest first, as it was. */
export function nextSort(sort: string | undefined, id: string): string | undefined {
  if (sort === `-${id}`) return id;
  return sort === id ? undefined : `-${id}`;
}
