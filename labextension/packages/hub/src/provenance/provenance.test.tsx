import { describe, expect, it } from "vitest";

import { folded, isFold, merged, type Answer, type Node } from "./graph";
import { columns, extent, HEIGHT, layout, WIDTH } from "./layout";
import { escaped, svg } from "./picture";
import { OPENED, provenanceSearch, startOf } from "./search";
import { clipped, wordsOf } from "./words";

const file = (id: string, more: Partial<Node> = {}): Node =>
  ({ kind: "file", id, path: id, project: "p", dataset: null, place_name: "digits", commit: "c".repeat(40), sha256: null, ...more }) as Node;

/** An answer of files, each pair an edge from the older to the younger. */
function answer(pairs: readonly (readonly [string, string])[], more: Partial<Node> = {}): Answer {
  const ids = [...new Set(pairs.flat())];
  return { start: ids[0]!, nodes: ids.map((id) => file(id, more)), edges: pairs.map(([older, younger]) => ({ older, younger, link: "read" })), truncated: false };
}

const chain = (length: number) => answer(Array.from({ length }, (_, number) => [`n${number}`, `n${number + 1}`] as const));
const crowd = (size: number) => answer(Array.from({ length: size }, (_, number) => ["run", `file${number}`] as const));
const nothing = new Set<string>();

describe("several answers", () => {
  it("make one graph without anything twice", () => {
    const graph = merged([chain(3), answer([["n2", "n3"], ["n3", "other"]])]);
    expect([...graph.nodes.keys()]).toEqual(["n0", "n1", "n2", "n3", "other"]);
    expect(graph.edges).toHaveLength(4);
    expect(graph.start).toBe("n0");
  });

  it("know of a node what the one that showed all around it knows", () => {
    const near = answer([["a", "b"]], { more_ancestors: true, more_descendants: null });
    const around = answer([["b", "a"]], { more_ancestors: false, more_descendants: true });
    for (const order of [[near, around], [around, near]])
      expect(merged(order).nodes.get("a")).toMatchObject({ more_ancestors: false, more_descendants: true });
  });
});

describe("what is put together", () => {
  it("is the middle of a long chain, and nothing that was chosen", () => {
    const graph = merged([chain(9)]);
    const fold = folded(graph, nothing, nothing).items.find(isFold)!;
    expect(fold.members).toEqual(["n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8"]);
    expect(folded(graph, nothing, nothing).edges).toEqual([
      { from: "n0", to: fold.id, link: "read" },
      { from: fold.id, to: "n9", link: "read" },
    ]);
    expect(folded(graph, new Set(["n4"]), nothing).items.map(({ id }) => id)).toContain("n4");
    expect(folded(graph, nothing, new Set([fold.id])).items).toHaveLength(10);
    expect(folded(merged([chain(5)]), nothing, nothing).items).toHaveLength(6);
  });

  it("is a crowd with one and the same neighbour", () => {
    expect(folded(merged([crowd(400)]), nothing, nothing).items).toHaveLength(2);
    expect(folded(merged([crowd(8)]), nothing, nothing).items).toHaveLength(9);
  });

  it("does not go round a circle for ever", () => {
    const circle = answer([["s", "a"], ["a", "b"], ["b", "c"], ["c", "d"], ["d", "e"], ["e", "a"]]);
    const round = answer([["x", "y"], ["q", "r"], ["r", "t"], ["t", "u"], ["u", "v"], ["v", "q"]]);
    for (const one of [circle, round]) {
      const { items } = folded(merged([one]), nothing, nothing);
      expect(items.flatMap((item) => (isFold(item) ? item.members : [item.id])).sort()).toEqual(one.nodes.map(({ id }) => id).sort());
    }
  });
});

describe.each([["of few", layout], ["of many", columns]])("the places %s", (_, arrange) => {
  it("have what is older at the left, and nothing upon another", () => {
    const pairs = [["a", "b"], ["a", "c"], ["b", "d"], ["c", "d"], ["z", "d"], ["d", "e"]] as const;
    const drawn = folded(merged([answer(pairs)]), nothing, nothing);
    const places = arrange(drawn);
    for (const { from, to } of drawn.edges) expect(places.get(from)!.x + WIDTH).toBeLessThan(places.get(to)!.x);
    const all = [...places.values()];
    for (const one of all)
      for (const other of all)
        if (one !== other) expect(Math.abs(one.x - other.x) >= WIDTH || Math.abs(one.y - other.y) >= HEIGHT).toBe(true);
  });

  it("are there for a circle too", () => {
    const places = arrange(folded(merged([answer([["a", "b"], ["b", "a"]])]), nothing, nothing));
    expect(extent(places).width).toBeGreaterThan(WIDTH);
  });
});

it("ten thousand edges have their places", () => {
  const pairs = Array.from({ length: 10_000 }, (_, number) => [`n${Math.floor(number / 3)}`, `n${number + 1}`] as const);
  const drawn = folded(merged([answer(pairs)]), nothing, nothing);
  expect(layout(drawn).size).toBe(drawn.items.length);
});

describe("the picture", () => {
  const hostile = "<script>alert(1)</script>\u0000\ud800 & \"'";

  it("escapes what people wrote", () => {
    const drawn = folded(merged([answer([[hostile, "b"]])]), nothing, nothing);
    const text = svg(drawn, layout(drawn));
    const read = new DOMParser().parseFromString(text, "image/svg+xml");
    expect(text).not.toContain("<script>");
    expect(read.querySelectorAll("script")).toHaveLength(0);
    expect(read.querySelectorAll("g > rect")).toHaveLength(2);
  });

  it("has no characters that XML has not", () => expect(escaped(hostile)).not.toMatch(/[\u0000\ud800]/));
});

it("words are cut in the middle, not within a character", () => {
  expect(clipped("a".repeat(30), 9)).toHaveLength(9);
  expect(clipped("😀😀😀😀😀", 3)).toBe("😀…😀");
  expect(wordsOf({ id: "chain:a", shape: "chain", members: ["run:a", "file:b", "run:c"] }).title).toBe("2 runs and 1 version");
});

describe("an address", () => {
  it("keeps what was chosen, and nothing else", () => {
    const search = { path: 2024, at: "main", direction: "ancestors", depth: "8", view: "list", opened: ["a"], chosen: "b", evil: 1 };
    expect(provenanceSearch(search)).toEqual({ path: "2024", at: "main", direction: "ancestors", depth: 8, view: "list", opened: ["a"], chosen: "b" });
    expect(provenanceSearch({ direction: "both", depth: 4, view: "graph", opened: "x" })).toEqual({});
    expect(provenanceSearch({ opened: Array.from({ length: 99 }, String) }).opened).toHaveLength(OPENED);
  });

  it("says where to begin", () => {
    expect(startOf({ run: "r", path: "x" })).toEqual({ run: "r" });
    expect(startOf({ path: "x", at: "main" })).toEqual({ path: "x", at: "main" });
    expect(startOf({ dataset: "d" })).toEqual({ dataset: "d" });
    expect(startOf({ at: "main" })).toBeNull();
  });
});
