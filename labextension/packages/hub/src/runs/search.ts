/** What a person chose about the runs: all of it stands in the address. */
import { ALIGNMENTS, type Alignment } from "@dotscience/ui";

export const VIEWS = ["table", "scatter", "parallel", "curves"] as const;
export type View = (typeof VIEWS)[number];

/** So many runs can be selected; the address has to hold them. */
export const SELECTED = 100;
/** So many runs can be compared side by side. */
export const COMPARED = 8;

export interface CurveSearch {
  readonly align?: Alignment;
  readonly smooth?: number;
  readonly logX?: boolean;
  readonly logY?: boolean;
}

export interface RunsSearch extends CurveSearch {
  /** In the API's language. */
  readonly filter?: string;
  readonly sort?: string;
  /** Ids of the columns shown, in order; those of the start when absent. */
  readonly columns?: readonly string[];
  readonly pinned?: readonly string[];
  /** The column to group by. */
  readonly group?: string;
  /** Ids of the selected runs. */
  readonly runs?: readonly string[];
  readonly view?: View;
  readonly x?: string;
  readonly y?: string;
  readonly colour?: string;
  /** The columns of parallel coordinates. */
  readonly axes?: readonly string[];
}

export interface CompareSearch extends CurveSearch {
  readonly runs: readonly string[];
  /** A task whose runs are compared too, as soon as they are there. */
  readonly task?: string;
  /** Only what differs. */
  readonly differing?: boolean;
}

type Raw = Record<string, unknown>;

/** A text of an address. Numbers and the like have been read as such. */
function text(raw: unknown): string | undefined {
  return typeof raw === "string" || typeof raw === "number" || typeof raw === "boolean" ? String(raw) || undefined : undefined;
}

/** Several texts: a list, or with commas as people type them. */
function texts(raw: unknown): readonly string[] | undefined {
  const items = Array.isArray(raw) ? raw : typeof raw === "string" || typeof raw === "number" ? String(raw).split(",") : undefined;
  return items?.flatMap((item) => text(item) ?? []);
}

function flag(raw: unknown): true | undefined {
  return raw === true || undefined;
}

/** Without what is absent, so that an address stays short. */
function known<Choices extends object>(choices: Choices): Choices {
  return Object.fromEntries(Object.entries(choices).filter(([, value]) => value !== undefined)) as Choices;
}

export function curveSearch({ align, smooth, logX, logY }: Raw): CurveSearch {
  const weight = Number(smooth);
  return known({
    align: ALIGNMENTS.find((one) => one === align && one !== "step"),
    smooth: weight > 0 && weight < 1 ? weight : undefined,
    logX: flag(logX),
    logY: flag(logY),
  }) as CurveSearch;
}

export function runsSearch(raw: Raw): RunsSearch {
  return known({
    filter: text(raw["filter"]),
    sort: text(raw["sort"]),
    columns: texts(raw["columns"]),
    pinned: texts(raw["pinned"]),
    group: text(raw["group"]),
    runs: texts(raw["runs"])?.slice(0, SELECTED),
    view: VIEWS.find((one) => one === raw["view"]),
    x: text(raw["x"]),
    y: text(raw["y"]),
    colour: text(raw["colour"]),
    axes: texts(raw["axes"]),
    ...curveSearch(raw),
  }) as RunsSearch;
}

export function compareSearch(raw: Raw): CompareSearch {
  const runs = [...new Set(texts(raw["runs"]) ?? [])].slice(0, COMPARED);
  const task = text(raw["task"]);
  return { runs, ...(task !== undefined && { task }), ...(flag(raw["differing"]) && { differing: true }), ...curveSearch(raw) };
}
