/** Views of the runs that a person saved, per project, in this browser. */
import { useState } from "react";

import { runsSearch, type RunsSearch } from "./search";

export interface SavedView {
  readonly name: string;
  readonly search: RunsSearch;
}

const key = (project: string) => `dotscience:views:${project}`;

/** The saved views; none where the browser keeps nothing, or something else. */
export function savedViews(project: string): readonly SavedView[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key(project)) ?? "[]");
    return Array.isArray(found) ? found.flatMap(readView) : [];
  } catch {
    return [];
  }
}

function readView(raw: unknown): SavedView[] {
  const { name, search } = (raw ?? {}) as { name?: unknown; search?: unknown };
  return typeof name === "string" && typeof search === "object" && search !== null
    ? [{ name, search: runsSearch(search as Record<string, unknown>) }]
    : [];
}

/** The saved views, and how to change them. */
export function useViews(project: string) {
  const [views, setViews] = useState(() => savedViews(project));
  const put = (next: readonly SavedView[]) => {
    localStorage.setItem(key(project), JSON.stringify(next));
    setViews(next);
  };
  return {
    views,
    save: (view: SavedView) => put([...views.filter(({ name }) => name !== view.name), view]),
    remove: (name: string) => put(views.filter((view) => view.name !== name)),
  };
}
