import { useMutation } from "@tanstack/react-query";

import { Problems } from "../shell/Failure";
import type { Drawn } from "./graph";
import { provJson } from "./queries";
import { DEPTH, DEPTHS, DIRECTIONS, type Direction, type ProvenanceSearch } from "./search";

interface ControlsProps {
  readonly project: string;
  readonly search: ProvenanceSearch;
  readonly wanted: Parameters<typeof provJson>[1];
  readonly drawn: Drawn;
  readonly onChoose: (choices: Partial<ProvenanceSearch>) => void;
}

const SIDES: Readonly<Record<Direction, string>> = {
  both: "Both ways",
  ancestors: "What it comes from",
  descendants: "What became of it",
};

/** Which way to look, how far, in which form, and files of what is seen. */
export function Controls({ project, search, wanted, drawn, onChoose }: ControlsProps): JSX.Element {
  const prov = useMutation({
    mutationFn: async () => save(await provJson(project, wanted), "application/json", "provenance.prov.json"),
  });
  const picture = useMutation({
    mutationFn: async () => {
      const [{ svg }, { layout }] = await Promise.all([import("./picture"), import("./layout")]);
      save(svg(drawn, layout(drawn)), "image/svg+xml", "provenance.svg");
    },
  });
  return (
    <>
      <div className="inline provenance-controls">
        <label className="plain">
          Look at{" "}
          <select value={search.direction ?? "both"} onChange={({ target }) => onChoose({ direction: target.value as Direction })}>
            {DIRECTIONS.map((one) => (
              <option key={one} value={one}>
                {SIDES[one]}
              </option>
            ))}
          </select>
        </label>
        <label className="plain">
          Steps{" "}
          <select value={search.depth ?? DEPTH} onChange={({ target }) => onChoose({ depth: Number(target.value) })}>
            {DEPTHS.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
        <Form search={search} onChoose={onChoose} />
        <span className="provenance-files">
          <button type="button" disabled={drawn.items.length === 0} onClick={() => picture.mutate()}>
            Save SVG
          </button>{" "}
          <button type="button" disabled={drawn.items.length === 0} onClick={() => prov.mutate()}>
            Save PROV-JSON
          </button>
        </span>
      </div>
      <Problems of={prov.error ?? picture.error} />
    </>
  );
}

function Form({ search, onChoose }: Pick<ControlsProps, "search" | "onChoose">): JSX.Element {
  const isList = search.view === "list";
  return (
    <span role="group" aria-label="Form">
      <button type="button" aria-pressed={!isList} onClick={() => onChoose({ view: undefined as never })}>
        Graph
      </button>{" "}
      <button type="button" aria-pressed={isList} onClick={() => onChoose({ view: "list" })}>
        List
      </button>
    </span>
  );
}

/** Saves a text as a file; made here, so that it is never a page of the hub's. */
function save(text: string, type: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
