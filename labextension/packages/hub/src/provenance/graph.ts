/** The graph that answers of the API make together, and its folded form. Nothing is asked or drawn here. */
import type { Schema } from "@dotscience/api";

export type Answer = Schema<"Provenance">;
export type Node = Answer["nodes"][number];
export type Edge = Schema<"Edge">;

export interface Graph {
  readonly start: string;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly edges: readonly Edge[];
  /** Whether an answer left out nodes that its depth would have. */
  readonly truncated: boolean;
}

type More = boolean | null | undefined;

/** Whether there is more, when two answers speak of one node: the one that showed all of it is right. */
const more = (one: More, other: More): boolean | null => (one === false || other === false ? false : (one ?? other ?? null));

/** All answers as one graph; it begins where the first does. */
export function merged(answers: readonly Answer[]): Graph {
  const nodes = new Map<string, Node>();
  const edges = new Map<string, Edge>();
  for (const answer of answers) {
    for (const node of answer.nodes) {
      const known = nodes.get(node.id);
      const ancestors = more(known?.more_ancestors, node.more_ancestors);
      const descendants = more(known?.more_descendants, node.more_descendants);
      nodes.set(node.id, { ...node, more_ancestors: ancestors, more_descendants: descendants });
    }
    for (const edge of answer.edges) edges.set(`${edge.older}\n${edge.younger}\n${edge.link}`, edge);
  }
  return { start: answers[0]?.start ?? "", nodes, edges: [...edges.values()], truncated: answers[0]?.truncated ?? false };
}

/** Nodes that stand for one: a piece of a chain, or many alike beside each other. */
export interface Fold {
  readonly id: string;
  readonly shape: "chain" | "beside";
  readonly members: readonly string[];
}

export interface Drawn {
  /** Names of nodes and of folds, in the order in which they were found. */
  readonly items: readonly (Node | Fold)[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly link: string }[];
}

export const isFold = (item: Node | Fold): item is Fold => "members" in item;

/** A chain's piece is folded when it has so many nodes, and nodes beside each other when they are so many. */
const CHAIN = 5;
const BESIDE = 9;

export interface Around {
  readonly older: ReadonlyMap<string, ReadonlySet<string>>;
  readonly younger: ReadonlyMap<string, ReadonlySet<string>>;
}

/** The neighbours of each node, by side. */
export function around(graph: Graph): Around {
  const older = new Map<string, Set<string>>();
  const younger = new Map<string, Set<string>>();
  const add = (map: Map<string, Set<string>>, key: string, value: string) => {
    const found = map.get(key);
    if (found === undefined) map.set(key, new Set([value]));
    else found.add(value);
  };
  for (const edge of graph.edges) {
    add(older, edge.younger, edge.older);
    add(younger, edge.older, edge.younger);
  }
  return { older, younger };
}

/** The graph with long chains and crowds of nodes that have one and the same neighbour put together.
 *
 * @param kept - Nodes that are never put away.
 * @param opened - Folds that were opened.
 */
export function folded(graph: Graph, kept: ReadonlySet<string>, opened: ReadonlySet<string>): Drawn {
  const sides = around(graph);
  const stays = (id: string) => kept.has(id) || id === graph.start;
  const folds = [...crowds(graph, sides, stays), ...chains(graph, sides, stays)].filter(({ id }) => !opened.has(id));
  const within = new Map(folds.flatMap((fold) => fold.members.map((member) => [member, fold] as const)));
  const items = new Set<Node | Fold>();
  for (const node of graph.nodes.values()) items.add(within.get(node.id) ?? node);
  const edges = new Map<string, Drawn["edges"][number]>();
  for (const { older, younger, link } of graph.edges) {
    const from = within.get(older)?.id ?? older;
    const to = within.get(younger)?.id ?? younger;
    if (from !== to) edges.set(`${from}\n${to}`, { from, to, link });
  }
  return { items: [...items], edges: [...edges.values()] };
}

function crowds(graph: Graph, { older, younger }: Around, stays: (id: string) => boolean): Fold[] {
  const alike = new Map<string, string[]>();
  for (const { id, kind } of graph.nodes.values()) {
    const [before, after] = [[...(older.get(id) ?? [])], [...(younger.get(id) ?? [])]];
    if (before.length + after.length !== 1 || stays(id)) continue;
    const key = `beside:${before.length ? "after" : "before"}:${kind}:${before[0] ?? after[0]}`;
    const members = alike.get(key);
    if (members === undefined) alike.set(key, [id]);
    else members.push(id);
  }
  return [...alike].filter(([, members]) => members.length >= BESIDE).map(([id, members]) => ({ id, shape: "beside", members }));
}

function chains(graph: Graph, { older, younger }: Around, stays: (id: string) => boolean): Fold[] {
  const inner = (id: string) => !stays(id) && older.get(id)?.size === 1 && younger.get(id)?.size === 1;
  const seen = new Set<string>();
  const found: Fold[] = [];
  for (const id of graph.nodes.keys()) {
    if (seen.has(id) || !inner(id)) continue;
    const before = reach(id, older, inner);
    const members = [...before.reverse(), id, ...reach(id, younger, (next) => inner(next) && !before.includes(next))];
    for (const member of members) seen.add(member);
    if (members.length >= CHAIN) found.push({ id: `chain:${members[0]}`, shape: "chain", members });
  }
  return found;
}

/** The nodes of a chain to one side of a node; a circle is gone round once. */
function reach(from: string, side: Around["older"], inner: (id: string) => boolean): string[] {
  const found = new Set<string>();
  const next = (id: string) => [...(side.get(id) ?? [])][0];
  for (let id = next(from); id !== undefined && inner(id) && id !== from && !found.has(id); id = next(id)) found.add(id);
  return [...found];
}
