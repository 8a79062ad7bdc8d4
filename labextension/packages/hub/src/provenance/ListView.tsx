import { useMemo, useState } from "react";

import { mayOpen } from "./Details";
import { around, type Graph } from "./graph";
import { wordsOf } from "./words";

interface ListViewProps {
  readonly graph: Graph;
  readonly chosen: string | undefined;
  readonly onPick: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

/** Levels that are open at first; of a chain, which takes one line each, more. */
const OPEN = 4;
const OPEN_CHAIN = 40;
/** So many of one level are shown at once. */
const SHOWN = 50;

interface BranchProps extends ListViewProps {
  readonly ids: readonly string[];
  readonly side: ReadonlyMap<string, ReadonlySet<string>>;
  readonly above: readonly string[];
}

/** The graph as two nested lists: what the start comes from, and what became of it. */
export function ListView(props: ListViewProps): JSX.Element {
  const sides = useMemo(() => around(props.graph), [props.graph]);
  const start = props.graph.nodes.get(props.graph.start);
  if (start === undefined) return <></>;
  return (
    <div className="provenance-list">
      <p>
        <Name {...props} id={start.id} />
      </p>
      <h2>It comes from</h2>
      <Side {...props} side={sides.older} none="Nothing that was recorded." />
      <h2>It became</h2>
      <Side {...props} side={sides.younger} none="Nothing that was recorded." />
    </div>
  );
}

function Side({ none, ...props }: ListViewProps & Pick<BranchProps, "side"> & { readonly none: string }): JSX.Element {
  const { start } = props.graph;
  const ids = [...(props.side.get(start) ?? [])];
  return ids.length ? <Branch {...props} ids={ids} above={[start]} /> : <p className="ds-quiet">{none}</p>;
}

function Branch(props: BranchProps): JSX.Element {
  const [shown, setShown] = useState(SHOWN);
  const { ids } = props;
  return (
    <ul className={ids.length === 1 ? "single" : undefined}>
      {ids.slice(0, shown).map((id) => (
        <Leaf key={id} {...props} id={id} />
      ))}
      {ids.length > shown && (
        <li>
          <button type="button" onClick={() => setShown(shown + 10 * SHOWN)}>
            Show more of {ids.length}
          </button>
        </li>
      )}
    </ul>
  );
}

function Leaf({ id, ...props }: BranchProps & { readonly id: string }): JSX.Element {
  const { side, above, graph, onOpen } = props;
  const [open, setOpen] = useState(above.length < (props.ids.length === 1 ? OPEN_CHAIN : OPEN));
  const node = graph.nodes.get(id)!;
  const next = [...(side.get(id) ?? [])].filter((one) => !above.includes(one) && one !== id);
  const { title } = wordsOf(node);
  return (
    <li>
      {next.length > 0 && (
        <button type="button" className="ds-link provenance-toggle" aria-expanded={open} aria-label={`What is beyond ${title}`} onClick={() => setOpen(!open)}>
          {open ? "▾" : "▸"}
        </button>
      )}
      <Name {...props} id={id} />
      {next.length === 0 && mayOpen(node) && (node.more_ancestors || node.more_descendants) && (
        <>
          {" "}
          <button type="button" className="ds-link" aria-label={`Show more around ${title}`} onClick={() => onOpen(id)}>
            more…
          </button>
        </>
      )}
      {open && next.length > 0 && <Branch {...props} ids={next} above={[...above, id]} />}
    </li>
  );
}

function Name({ graph, chosen, id, onPick }: Pick<ListViewProps, "graph" | "chosen" | "onPick"> & { readonly id: string }): JSX.Element {
  const { kind, title, detail } = wordsOf(graph.nodes.get(id)!);
  return (
    <button type="button" className="ds-link" aria-current={id === chosen ? "true" : undefined} onClick={() => onPick(id)}>
      {kind} <strong>{title}</strong> <span className="ds-quiet">{detail}</span>
    </button>
  );
}
