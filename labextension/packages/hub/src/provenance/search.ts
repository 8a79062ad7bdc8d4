/** What a person chose about the provenance: all of it stands in the address. */
export const DIRECTIONS = ["both", "ancestors", "descendants"] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** So many nodes may be opened one by one; the address has to hold their names. */
export const OPENED = 30;
export const DEPTHS = [2, 4, 8, 20, 100] as const;
export const DEPTH = 4;

/** Where to begin: a run, a file (of a dataset too), a version of a dataset, or a node of an answer. */
export interface Start {
  readonly run?: string;
  readonly path?: string;
  readonly dataset?: string;
  readonly at?: string;
  readonly node?: string;
}

export interface ProvenanceSearch extends Start {
  readonly direction?: Direction;
  readonly depth?: number;
  readonly view?: "list";
  /** Nodes that were opened, and folds. */
  readonly opened?: readonly string[];
  /** The node whose details are shown. */
  readonly chosen?: string;
}

/** Reads the choices from an address. */
export function provenanceSearch(raw: Record<string, unknown>): ProvenanceSearch {
  // The router reads digits as a number, also where they are a name.
  const text = (name: string) => {
    const value = raw[name];
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  };
  const kept: Record<string, unknown> = {};
  for (const name of ["run", "path", "dataset", "at", "node", "chosen"]) if (text(name)) kept[name] = text(name);
  const direction = DIRECTIONS.find((one) => one === raw["direction"] && one !== "both");
  const depth = DEPTHS.find((one) => one === Number(raw["depth"]) && one !== DEPTH);
  const opened = Array.isArray(raw["opened"]) ? raw["opened"].filter((one) => typeof one === "string").slice(-OPENED) : [];
  return {
    ...kept,
    ...(direction && { direction }),
    ...(depth && { depth }),
    ...(raw["view"] === "list" && { view: "list" as const }),
    ...(opened.length > 0 && { opened }),
  };
}

/** What the API is asked; null where the address names nothing to begin with. */
export function startOf({ run, path, dataset, at, node }: ProvenanceSearch): Start | null {
  if (run) return { run };
  if (node) return { node };
  return path || dataset ? { ...(path && { path }), ...(dataset && { dataset }), ...(at && { at }) } : null;
}
