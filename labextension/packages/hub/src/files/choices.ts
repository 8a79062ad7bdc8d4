/** What a person chose to see of the files; it stands in the address. */
export interface FileChoices {
  /** A commit or branch; the newest version of main when absent. */
  readonly at?: string;
  /** A file or folder. */
  readonly path?: string;
  /** How to see a file; its content as fits best when absent. */
  readonly view?: "source" | "history" | "diff";
  /** The version that a diff begins with. */
  readonly since?: string;
}

const VIEWS: readonly unknown[] = ["source", "history", "diff"];

/** Reads the choices from an address. */
export function fileChoices(search: Record<string, unknown>): FileChoices {
  // The router reads digits as a number, also where they are a name.
  const text = (value: unknown) => (typeof value === "number" ? String(value) : typeof value === "string" ? value : "");
  const [at, path, since] = [text(search.at), text(search.path).replace(/^\/+|\/+$/g, ""), text(search.since)];
  return {
    ...(at && { at }),
    ...(path && { path }),
    ...(VIEWS.includes(search.view) && { view: search.view as "source" | "history" | "diff" }),
    ...(since && { since }),
  };
}
