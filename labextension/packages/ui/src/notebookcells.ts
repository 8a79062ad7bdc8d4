/**
 * From a notebook and nbdime's diff of it to what differs, cell by cell.
 *
 * The format of a diff: https://nbdime.readthedocs.io/en/latest/diffing.html. Texts are diffed as lists of their lines,
 * and a line as a list of its characters.
 */

/** A line of a text: in both versions, only in the old one, or only in the new one. */
export type Line = readonly [mark: " " | "-" | "+", text: string];

export interface CellDiff {
  readonly change: "same" | "changed" | "added" | "removed";
  readonly type: string;
  /** The cell's source, line by line; empty where nothing changed. */
  readonly source: readonly Line[];
  /** The texts among the cell's outputs, line by line; empty where they are the same. */
  readonly outputs: readonly Line[];
}

export interface DiffOp {
  readonly op: "patch" | "add" | "remove" | "replace" | "addrange" | "removerange";
  readonly key: string | number;
  readonly diff?: readonly DiffOp[];
  readonly value?: unknown;
  readonly valuelist?: readonly unknown[] | string;
  readonly length?: number;
}

interface Output {
  readonly text?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly ename?: string;
  readonly evalue?: string;
}

interface Cell {
  readonly cell_type: string;
  readonly source: string | readonly string[];
  readonly outputs?: readonly Output[];
}

export interface Notebook {
  readonly cells?: readonly Cell[];
}

/** What differs in each cell, in the order of the new notebook, with removed cells where they were. */
export function cellsOf(base: Notebook, diff: readonly DiffOp[]): CellDiff[] {
  const cells = base.cells ?? [];
  const found: CellDiff[] = [];
  walk(cells, below(diff, "cells"), {
    same: (cell) => found.push({ change: "same", type: cell.cell_type, source: [], outputs: [] }),
    removed: (cell) => found.push(whole(cell, "removed")),
    added: (cell) => found.push(whole(cell, "added")),
    patched: (cell, ops) => found.push(changed(cell, ops)),
  });
  return found;
}

interface Visitor<Item> {
  same(item: Item): void;
  removed(item: Item): void;
  added(item: Item): void;
  patched(item: Item, ops: readonly DiffOp[]): void;
}

/** Goes through a list and the changes of it. Operations come by position; what is added at one comes before it. */
function walk<Item>(items: readonly Item[], ops: readonly DiffOp[], visit: Visitor<Item>): void {
  let at = 0;
  const keep = (until: number) => {
    for (; at < Math.min(until, items.length); at++) visit.same(items[at]!);
  };
  for (const op of ops) {
    const key = Number(op.key);
    keep(key);
    if (op.op === "addrange") for (const item of op.valuelist ?? []) visit.added(item as Item);
    else if (op.op === "removerange") for (const end = at + (op.length ?? 0); at < end; at++) visit.removed(items[at]!);
    else if (op.op === "patch") visit.patched(items[at++]!, op.diff ?? []);
  }
  keep(items.length);
}

function changed(cell: Cell, ops: readonly DiffOp[]): CellDiff {
  const source = textDiff(text(cell.source), below(ops, "source"));
  const outputs = below(ops, "outputs").length > 0 ? outputDiff(cell.outputs ?? [], below(ops, "outputs")) : [];
  // Counts of executions and other metadata alone are nothing that a person asks for.
  const same = outputs.length === 0 && below(ops, "source").length === 0;
  return { change: same ? "same" : "changed", type: cell.cell_type, source: same ? [] : source, outputs };
}

function whole(cell: Cell, change: "added" | "removed"): CellDiff {
  const mark = change === "added" ? "+" : "-";
  return {
    change,
    type: cell.cell_type,
    source: marked(mark, text(cell.source)),
    outputs: (cell.outputs ?? []).flatMap((output) => marked(mark, outputText(output))),
  };
}

function outputDiff(outputs: readonly Output[], ops: readonly DiffOp[]): Line[] {
  const found: Line[] = [];
  walk(outputs, ops, {
    same: (output) => found.push(...marked(" ", outputText(output))),
    removed: (output) => found.push(...marked("-", outputText(output))),
    added: (output) => found.push(...marked("+", outputText(output))),
    patched: (output, inner) => found.push(...patchedOutput(output, inner)),
  });
  return found.some(([mark]) => mark !== " ") ? found : [];
}

function patchedOutput(output: Output, ops: readonly DiffOp[]): Line[] {
  const plain = output.data?.["text/plain"];
  if (typeof plain === "string") return textDiff(plain, below(below(ops, "data"), "text/plain"));
  return textDiff(outputText(output), below(ops, "text"));
}

function outputText(output: Output): string {
  if (output.ename !== undefined) return `${output.ename}: ${output.evalue ?? ""}`;
  const plain = output.data?.["text/plain"] ?? output.text;
  return plain === undefined ? `(${Object.keys(output.data ?? {}).join(", ")})` : text(plain as string | string[]);
}

/** Lines of a text with those of its next version between them. */
function textDiff(old: string, ops: readonly DiffOp[]): Line[] {
  const found: Line[] = [];
  const put = (mark: Line[0]) => (line: string) => void found.push([mark, line.replace(/\r?\n$/, "")]);
  walk(linesOf(old), ops, {
    same: put(" "),
    removed: put("-"),
    added: put("+"),
    patched: (line, inner) => {
      put("-")(line);
      // A patch of a line may split it in several.
      linesOf(patchedLine(line, inner)).forEach(put("+"));
    },
  });
  return found;
}

function patchedLine(line: string, ops: readonly DiffOp[]): string {
  let made = "";
  const put = (character: string) => void (made += character);
  walk([...line], ops, { same: put, added: put, removed: () => undefined, patched: () => undefined });
  return made;
}

function marked(mark: Line[0], content: string): Line[] {
  return linesOf(content).map((line) => [mark, line.replace(/\r?\n$/, "")]);
}

function linesOf(content: string): string[] {
  return content.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function text(source: string | readonly string[]): string {
  return typeof source === "string" ? source : source.join("");
}

/** The operations inside the patch of one key. */
function below(ops: readonly DiffOp[], key: string): readonly DiffOp[] {
  return ops.find((op) => op.op === "patch" && op.key === key)?.diff ?? [];
}
