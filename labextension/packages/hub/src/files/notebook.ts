/** A notebook as it is shown (https://nbformat.readthedocs.io): whatever a file holds, this reads or refuses. */

export type Output =
  | { readonly kind: "text"; readonly text: string; readonly failed: boolean }
  | { readonly kind: "picture"; readonly address: string }
  | { readonly kind: "html"; readonly html: string; readonly text: string };

export interface Cell {
  readonly type: "code" | "markdown" | "raw";
  readonly id: string;
  readonly source: string;
  readonly count: number | null;
  readonly outputs: readonly Output[];
}

type Bag = Readonly<Record<string, unknown>>;
const bag = (value: unknown): Bag => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Bag) : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A text of the format: a string, or its lines. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return list(value).filter((line) => typeof line === "string").join("");
}

/** The cells of a notebook of format 4; undefined for what is none. */
export function readNotebook(text: string): Cell[] | undefined {
  try {
    const { cells } = bag(JSON.parse(text));
    return Array.isArray(cells) ? cells.map(cellOf) : undefined;
  } catch {
    return undefined;
  }
}

function cellOf(given: unknown): Cell {
  const { cell_type: type, id, source, execution_count: count, outputs } = bag(given);
  return {
    type: type === "markdown" || type === "raw" ? type : "code",
    id: typeof id === "string" ? id : "",
    source: textOf(source),
    count: typeof count === "number" ? count : null,
    outputs: list(outputs).map(outputOf),
  };
}

function outputOf(given: unknown): Output {
  const { output_type: type, name, text, data, ename, evalue, traceback } = bag(given);
  if (type === "stream") return { kind: "text", text: textOf(text), failed: name === "stderr" };
  if (type === "error") {
    const lines = list(traceback).filter((line) => typeof line === "string");
    return { kind: "text", text: lines.length > 0 ? lines.join("\n") : `${textOf(ename)}: ${textOf(evalue)}`, failed: true };
  }
  return shownOutput(bag(data));
}

const PICTURES = ["image/png", "image/jpeg", "image/gif"];

/** The form of an output that says most. */
function shownOutput(data: Bag): Output {
  for (const type of PICTURES) {
    const content = textOf(data[type]).replace(/\s/g, "");
    if (/^[A-Za-z0-9+/]+=*$/.test(content)) return { kind: "picture", address: `data:${type};base64,${content}` };
  }
  const svg = textOf(data["image/svg+xml"]);
  if (svg !== "") return { kind: "picture", address: `data:image/svg+xml,${encodeURIComponent(svg)}` };
  const text = textOf(data["text/plain"]);
  const html = textOf(data["text/html"]);
  if (html !== "") return { kind: "html", html, text };
  const other = text || textOf(data["text/markdown"]) || textOf(data["text/latex"]);
  return { kind: "text", text: other || `(${Object.keys(data).join(", ") || "nothing"})`, failed: false };
}
