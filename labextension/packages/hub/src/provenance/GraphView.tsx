import "@xyflow/react/dist/base.css";

import { Controls, Handle, Position, ReactFlow, ReactFlowProvider, useReactFlow, useStore, type Edge, type Node as Box, type NodeProps } from "@xyflow/react";
import { memo, useEffect, useMemo } from "react";

import { mayOpen } from "./Details";
import { isFold, type Drawn, type Fold, type Node } from "./graph";
import { extent, HEIGHT, layout, WIDTH, type Place } from "./layout";
import { wordsOf } from "./words";

interface GraphViewProps {
  readonly drawn: Drawn;
  readonly start: string;
  readonly chosen: string | undefined;
  readonly onPick: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

interface Data extends Record<string, unknown> {
  readonly item: Node | Fold;
  readonly isStart: boolean;
  readonly isChosen: boolean;
  readonly onPick: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

type Item = Box<Data, "item">;

/** Nodes from left (older) to right (younger). Each is a button; dragging and the wheel move the view. */
export function GraphView(props: GraphViewProps): JSX.Element {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

function Canvas({ drawn, start, chosen, onPick, onOpen }: GraphViewProps): JSX.Element {
  const places = useMemo(() => layout(drawn), [drawn]);
  const nodes = useMemo(
    () =>
      drawn.items.map((item): Item => {
        const data = { item, isStart: item.id === start, isChosen: item.id === chosen, onPick, onOpen };
        return { id: item.id, type: "item", position: places.get(item.id)!, data, width: WIDTH, height: HEIGHT };
      }),
    [drawn, places, start, chosen, onPick, onOpen],
  );
  const edges = useMemo(() => drawn.edges.map(({ from, to, link }): Edge => ({ id: `${from}\n${to}`, source: from, target: to, className: link })), [drawn]);
  useFit(start, places);
  return (
    <ReactFlow
      nodes={nodes}
      edges={edges}
      nodeTypes={TYPES}
      colorMode="system"
      minZoom={0.05}
      maxZoom={1.5}
      nodesDraggable={false}
      nodesConnectable={false}
      nodesFocusable={false}
      edgesFocusable={false}
      elementsSelectable={false}
      onlyRenderVisibleElements={drawn.items.length > 300}
      zoomOnDoubleClick={false}
      aria-label="Graph of provenance; the same is there as a list"
    >
      <Controls showInteractive={false} />
    </ReactFlow>
  );
}

/** Below it, words cannot be read. */
const READABLE = 0.65;
/** How large a graph is shown that has no room as a whole. */
const CLOSE = 0.85;

/** The whole graph where it can be read then; else the start, in the middle. */
function useFit(start: string, places: ReadonlyMap<string, Place>): void {
  const flow = useReactFlow();
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  useEffect(() => {
    if (width === 0 || places.size === 0) return;
    const { x, y, ...size } = extent(places);
    const zoom = Math.min(1, width / (size.width + 80), height / (size.height + 80));
    const from = places.get(start);
    if (zoom >= READABLE || from === undefined) void flow.setCenter(x + size.width / 2, y + size.height / 2, { zoom });
    else {
      // As much of the graph as there is room for, the start among it: a start at an end leaves no half of the view empty.
      const half = { x: width / 2 / CLOSE - 40, y: height / 2 / CLOSE - 40 };
      const middle = (at: number, low: number, length: number, room: number) =>
        length < 2 * room ? low + length / 2 : Math.min(Math.max(at, low + room), low + length - room);
      void flow.setCenter(middle(from.x + WIDTH / 2, x, size.width, half.x), middle(from.y + HEIGHT / 2, y, size.height, half.y), { zoom: CLOSE });
    }
  }, [flow, start, places, width, height]);
}

const Shown = memo(function Shown({ data: { item, isStart, isChosen, onPick, onOpen } }: NodeProps<Item>): JSX.Element {
  const { kind, title, detail } = wordsOf(item);
  const more = !isFold(item) && mayOpen(item) && (item.more_ancestors || item.more_descendants);
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <button
        type="button"
        className={`provenance-node ${kind.toLowerCase()} nopan`}
        aria-current={isChosen ? "true" : undefined}
        title={`${kind}: ${title}${isFold(item) ? "; click to unfold" : isStart ? " (here it begins)" : ""}`}
        onClick={() => (isFold(item) ? onOpen(item.id) : onPick(item.id))}
        onDoubleClick={() => isFold(item) || onOpen(item.id)}
      >
        <strong>
          {isStart && <span aria-label="start">◆ </span>}
          {title}
        </strong>
        <span className="ds-quiet">
          {kind} · {detail}
        </span>
      </button>
      {more && (
        <button type="button" className="provenance-more nopan" aria-label={`Show more around ${title}`} onClick={() => onOpen(item.id)}>
          +
        </button>
      )}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  );
});

const TYPES = { item: Shown };
