/** The columns that a table of runs can have, and their names in the API's language (`RunQuery` of the contract). */

/** The kinds of recorded values, in the order in which they are shown. */
export const KINDS = ["parameters", "summary", "labels"] as const;
export type Kind = (typeof KINDS)[number];

/** What is known of each run besides its recorded values. */
export const ATTRIBUTES = ["status", "created", "author", "authority", "task"] as const;
export type Attribute = (typeof ATTRIBUTES)[number];

/** What all tables of runs have of a run. */
export interface TabledRun {
  readonly id: string;
  readonly status: string;
  readonly authority: string;
  readonly description: string | null;
  readonly author: string;
  readonly created: string;
  readonly task: string | null;
  readonly parameters: Readonly<Record<string, string>>;
  readonly summary: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** A column by its parts; an attribute has no kind. */
export interface Column {
  readonly kind: Kind | null;
  readonly name: string;
}

const PLAIN = /^[\w.\-+/:@%]+$/u;

/** The column's name as filters and sorts write it: `parameters.lr`, `labels."model type"`, `status`. */
export function columnId({ kind, name }: Column): string {
  if (kind === null) return name;
  return `${kind}.${quoted(name)}`;
}

/** A name or value as a filter takes it: in quotes where it holds spaces or the like. */
export function quoted(text: string): string {
  if (PLAIN.test(text) && text.toLowerCase() !== "and") return text;
  return text.includes('"') ? `'${text}'` : `"${text}"`;
}

/** The column that a name stands for; undefined where it stands for none. */
export function parseColumn(id: string): Column | undefined {
  const dot = id.indexOf(".");
  const kind = KINDS.find((one) => one === id.slice(0, dot));
  if (kind === undefined) return (ATTRIBUTES as readonly string[]).includes(id) ? { kind: null, name: id } : undefined;
  const name = id.slice(dot + 1);
  const inQuotes = /^(["'])(.*)\1$/su.exec(name);
  return name === "" ? undefined : { kind, name: inQuotes?.[2] ?? name };
}

/** What a run has in a column; undefined where it has nothing. */
export function valueOf(run: TabledRun, { kind, name }: Column): string | undefined {
  if (kind === null) return run[name as Attribute] ?? undefined;
  return Object.hasOwn(run[kind], name) ? run[kind][name] : undefined;
}

/** A recorded value as a number, as the hub reads it; NaN where it is none. */
export function toNumber(text: string | number | null | undefined): number {
  if (typeof text === "number") return text;
  const trimmed = (text ?? "").trim();
  if (/^[+-]?inf(inity)?$/iu.test(trimmed)) return trimmed.startsWith("-") ? -Infinity : Infinity;
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/iu.test(trimmed) ? Number(trimmed) : NaN;
}

/** So many characters of a number fit into a table's column. */
const FITS = 10;

/** A recorded value as a table shows it: a long fraction by the six digits that tell, anything else as it is. */
export function tabled(text: string): string {
  const number = Math.abs(toNumber(text));
  const long = text.length > FITS && /[.e]/iu.test(text) && (number < 1e6 || /e/iu.test(text));
  return long && Number.isFinite(number) ? String(Number(toNumber(text).toPrecision(6))) : text;
}
