import { counted } from "@dotscience/ui";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useMemo } from "react";

import { Problems } from "../shell/Failure";
import { useTitle } from "../shell/title";
import { Controls } from "./Controls";
import { Details } from "./Details";
import { folded, merged, type Graph } from "./graph";
import { ListView } from "./ListView";
import { NoStart } from "./NoStart";
import { provenanceQuery, useOpened } from "./queries";
import { DEPTH, OPENED, startOf, type ProvenanceSearch, type Start } from "./search";

/** The drawing library is a third of all code: it comes when somebody looks at a graph. */
const GraphView = lazy(async () => ({ default: (await import("./GraphView")).GraphView }));

/** Where a file version, run or dataset version comes from, and what became of it. */
export function ProvenancePage(): JSX.Element {
  useTitle("Provenance");
  const { project } = useParams({ strict: false }) as { project: string };
  const search = useSearch({ strict: false }) as ProvenanceSearch;
  const start = startOf(search);
  return start === null ? <NoStart project={project} /> : <Found key={JSON.stringify(start)} project={project} search={search} start={start} />;
}

interface FoundProps {
  readonly project: string;
  readonly search: ProvenanceSearch;
  readonly start: Start;
}

/** Changes what stands in the address; a choice of how to look replaces, a step further can be gone back. */
function useChoose(): (choices: Partial<ProvenanceSearch>) => void {
  const navigate = useNavigate();
  return useCallback(
    (choices) => void navigate({ to: ".", search: ((known: ProvenanceSearch) => ({ ...known, ...choices })) as never, resetScroll: false }),
    [navigate],
  );
}

function Found({ project, search, start }: FoundProps): JSX.Element {
  const choose = useChoose();
  const wanted = { ...start, direction: search.direction ?? ("both" as const), depth: search.depth ?? DEPTH };
  const first = useQuery(provenanceQuery(project, wanted));
  const opened = search.opened ?? [];
  const { answers, error } = useOpened(project, opened.filter((id) => !isFoldId(id)));
  const graph = useMemo(() => merged(first.data === undefined ? [] : [first.data, ...answers]), [first.data, answers]);
  const drawn = useMemo(
    () => folded(graph, new Set([...opened, ...(search.chosen ? [search.chosen] : [])]), new Set(opened)),
    [graph, search.opened, search.chosen],
  );
  const open = useCallback((id: string) => choose({ opened: [...opened.filter((one) => one !== id), id].slice(-OPENED) }), [choose, search.opened]);
  const pick = useCallback((id: string) => choose({ chosen: id }), [choose]);
  const chosen = graph.nodes.get(search.chosen ?? graph.start);
  return (
    <>
      <Controls project={project} search={search} wanted={wanted} drawn={drawn} onChoose={choose} />
      <Problems of={first.error ?? error} />
      <p className="ds-quiet" role="status">
        {first.isSuccess ? said(graph) : first.isError ? "" : "Looking…"}
      </p>
      <div className="provenance">
        <div className="provenance-view">
          {search.view === "list" ? (
            <ListView graph={graph} chosen={chosen?.id} onPick={pick} onOpen={open} />
          ) : (
            <Suspense fallback={null}>
              <GraphView drawn={drawn} start={graph.start} chosen={chosen?.id} onPick={pick} onOpen={open} />
            </Suspense>
          )}
        </div>
        {chosen && <Details node={chosen} isStart={chosen.id === graph.start} opened={opened.includes(chosen.id)} onOpen={open} />}
      </div>
    </>
  );
}

const isFoldId = (id: string) => id.startsWith("chain:") || id.startsWith("beside:");

function said(graph: Graph): string {
  if (graph.edges.length === 0)
    return "No recorded run read or wrote this, as far as you may see. `ds run` records what a program says with dotscience.input() and dotscience.output().";
  const found = `${counted(graph.nodes.size, "node")}, ${counted(graph.edges.length, "edge")}.`;
  return graph.truncated ? `${found} There are more than can be shown: look less far, or at one direction.` : found;
}
