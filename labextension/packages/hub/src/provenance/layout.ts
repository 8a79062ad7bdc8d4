/** Where the items of a graph are drawn: older ones at the left. A pure function; the same graph looks the same. */
import { graphlib, layout as arrange } from "@dagrejs/dagre";

import type { Drawn } from "./graph";

export const WIDTH = 210;
export const HEIGHT = 54;
const BETWEEN = 70;
const GAP = 18;
/** Beyond it, dagre would take seconds: then columns by distance alone. */
const CAREFUL = 600;

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** The rectangle that all items are in. */
export function extent(places: ReadonlyMap<string, Place>): Place & { readonly width: number; readonly height: number } {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of places.values()) {
    [left, top] = [Math.min(left, x), Math.min(top, y)];
    [right, bottom] = [Math.max(right, x + WIDTH), Math.max(bottom, y + HEIGHT)];
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The upper left corner of each item. */
export function layout({ items, edges }: Drawn): ReadonlyMap<string, Place> {
  return items.length + edges.length > CAREFUL ? columns({ items, edges }) : layered({ items, edges });
}

function layered({ items, edges }: Drawn): ReadonlyMap<string, Place> {
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: "LR", ranksep: BETWEEN, nodesep: GAP });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of items) graph.setNode(id, { width: WIDTH, height: HEIGHT });
  for (const { from, to } of edges) graph.setEdge(from, to);
  arrange(graph);
  return new Map(
    items.map(({ id }) => {
      const { x, y } = graph.node(id) as { x: number; y: number };
      return [id, { x: x - WIDTH / 2, y: y - HEIGHT / 2 }];
    }),
  );
}

/** Each item right of all that it comes from; within a column near to what it comes from. */
export function columns({ items, edges }: Drawn): ReadonlyMap<string, Place> {
  const before = new Map<string, string[]>();
  const after = new Map<string, string[]>();
  const open = new Map(items.map(({ id }) => [id, 0]));
  for (const { from, to } of edges) {
    push(before, to, from);
    push(after, from, to);
    open.set(to, open.get(to)! + 1);
  }
  const column = ranks(items.map(({ id }) => id), after, open);
  const rows = new Map<number, number>();
  const places = new Map<string, Place>();
  const height = (id: string) => {
    const known = (before.get(id) ?? []).flatMap((one) => places.get(one)?.y ?? []);
    return known.length ? known.reduce((sum, y) => sum + y, 0) / known.length : 0;
  };
  for (const ids of byColumn(column)) {
    for (const { id } of ids.map((id) => ({ id, y: height(id) })).sort((one, other) => one.y - other.y)) {
      const row = rows.get(column.get(id)!) ?? 0;
      rows.set(column.get(id)!, row + 1);
      places.set(id, { x: column.get(id)! * (WIDTH + BETWEEN), y: (row - (ids.length - 1) / 2) * (HEIGHT + GAP) });
    }
  }
  return places;
}

/** The longest way to each item from one that comes from nothing; what is in a circle is begun anywhere. */
function ranks(ids: readonly string[], after: ReadonlyMap<string, readonly string[]>, open: Map<string, number>): Map<string, number> {
  const found = new Map<string, number>(ids.map((id) => [id, 0]));
  const done = new Set<string>();
  const ready = ids.filter((id) => open.get(id) === 0);
  let next = 0;
  while (done.size < ids.length) {
    const id = ready.pop() ?? ids[next++]!;
    if (done.has(id)) continue;
    done.add(id);
    for (const to of after.get(id) ?? []) {
      if (done.has(to)) continue;
      found.set(to, Math.max(found.get(to)!, found.get(id)! + 1));
      open.set(to, open.get(to)! - 1);
      if (open.get(to) === 0) ready.push(to);
    }
  }
  return found;
}

function byColumn(column: ReadonlyMap<string, number>): string[][] {
  const found: string[][] = [];
  for (const [id, number] of column) (found[number] ??= []).push(id);
  return found.filter(Boolean);
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}
