import type { CellDiff, Line } from "@dotscience/ui";
import { diffArrays, diffLines } from "diff";

import type { Cell } from "./notebook";

/** Milliseconds; two texts that have little in common could take minutes. */
const PATIENCE = 3_000;

/** Two texts line by line; undefined when finding out what differs would take too long. */
export function lineDiff(old: string, now: string): Line[] | undefined {
  const changes = diffLines(old, now, { timeout: PATIENCE });
  return changes?.flatMap(({ added, removed, value }) => linesOf(value).map((line): Line => [added ? "+" : removed ? "-" : " ", line]));
}

/** Lines around what changed; in the place of those between, how many they are. */
export function hunks(lines: readonly Line[], around = 3): (readonly Line[] | number)[] {
  const near = new Uint8Array(lines.length);
  lines.forEach(([mark], index) => {
    if (mark !== " ") near.fill(1, Math.max(index - around, 0), index + around + 1);
  });
  const found: (Line[] | number)[] = [];
  lines.forEach((line, index) => {
    const last = found.at(-1);
    if (near[index]) Array.isArray(last) ? last.push(line) : found.push([line]);
    else if (typeof last === "number") found[found.length - 1] = last + 1;
    else found.push(1);
  });
  return found;
}

/** Two versions of a notebook, cell by cell. Cells are the same by their id, and where they have none by their source. */
export function notebookDiff(old: readonly Cell[], now: readonly Cell[]): CellDiff[] | undefined {
  const same = (a: Cell, b: Cell) => (a.id !== "" && b.id !== "" ? a.id === b.id : a.type === b.type && a.source === b.source);
  const changes = diffArrays([...old], [...now], { comparator: same, timeout: PATIENCE });
  if (changes === undefined) return undefined;
  const cells: CellDiff[] = [];
  let [before, after] = [0, 0];
  changes.forEach(({ added, removed, count }, index) => {
    if (removed) {
      const following = changes[index + 1];
      cells.push(...replaced(old.slice(before, before + count), following?.added ? now.slice(after, after + following.count) : []));
      before += count;
      if (following?.added) after += following.count;
      return;
    }
    if (added) {
      if (changes[index - 1]?.removed) return; // came with what it replaces
      cells.push(...now.slice(after, after + count).map((cell) => whole(cell, "added")));
      after += count;
      return;
    }
    for (let step = 0; step < count; step++) cells.push(compared(old[before + step]!, now[after + step]!));
    before += count;
    after += count;
  });
  return cells;
}

/** Cells in the place of others: one for one where they have no ids and are of a kind. */
function replaced(old: readonly Cell[], now: readonly Cell[]): CellDiff[] {
  const pairs = old.length === now.length && old.every((cell, index) => cell.type === now[index]!.type && !(cell.id && now[index]!.id));
  if (pairs) return old.map((cell, index) => compared(cell, now[index]!));
  return [...old.map((cell) => whole(cell, "removed")), ...now.map((cell) => whole(cell, "added"))];
}

function compared(old: Cell, now: Cell): CellDiff {
  const source = differing(old.source, now.source);
  const outputs = differing(outputText(old), outputText(now));
  return { change: source.length + outputs.length > 0 ? "changed" : "same", type: now.type, source, outputs };
}

function differing(old: string, now: string): Line[] {
  if (old === now) return [];
  return lineDiff(old, now) ?? [...marked("-", old), ...marked("+", now)];
}

function whole(cell: Cell, change: "added" | "removed"): CellDiff {
  const mark = change === "added" ? "+" : "-";
  return { change, type: cell.type, source: marked(mark, cell.source), outputs: marked(mark, outputText(cell)) };
}

function outputText(cell: Cell): string {
  return cell.outputs.map((output) => (output.kind === "picture" ? `(picture of ${output.address.length} characters)\n` : ended(output.text))).join("");
}

const ended = (text: string): string => (text === "" || text.endsWith("\n") ? text : `${text}\n`);
const marked = (mark: Line[0], text: string): Line[] => linesOf(text).map((line): Line => [mark, line]);

function linesOf(text: string): string[] {
  return (text.match(/[^\n]*\n|[^\n]+$/g) ?? []).map((line) => line.replace(/\r?\n$/, ""));
}
