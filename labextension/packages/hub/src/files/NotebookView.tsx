import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { Problems } from "../shell/Failure";
import { pieces } from "../tasks/ansi";
import { Markdown } from "./Markdown";
import { readNotebook, type Cell, type Output } from "./notebook";
import { safeDocument } from "./outputhtml";
import { contentQuery } from "./queries";
import { decoded, type ContentProps } from "./useText";

const AT_ONCE = 100;
const MOST_TEXT = 50_000;

/** A notebook: its cells and what came out of them. Nothing of it runs. */
export function NotebookView({ place, file, at }: ContentProps): JSX.Element {
  const { data, error } = useQuery(contentQuery(place, file, at));
  const cells = useMemo(() => data && readNotebook(decoded([data], true) ?? ""), [data]);
  const [shown, setShown] = useState(AT_ONCE);
  if (!data) return <Problems of={error} />;
  if (!cells) return <p className="empty">This is no notebook of format 4. Its source shows what it holds.</p>;
  if (cells.length === 0) return <p className="ds-quiet">The notebook has no cells.</p>;
  return (
    <>
      <ol className="notebook">
        {cells.slice(0, shown).map((cell, index) => (
          <NotebookCell key={index} cell={cell} index={index} />
        ))}
      </ol>
      {cells.length > shown && (
        <button type="button" onClick={() => setShown(shown + AT_ONCE)}>
          More ({cells.length - shown} cells)
        </button>
      )}
    </>
  );
}

function NotebookCell({ cell, index }: { readonly cell: Cell; readonly index: number }): JSX.Element {
  if (cell.type === "markdown") {
    return (
      <li>
        <Markdown>{cell.source}</Markdown>
      </li>
    );
  }
  return (
    <li>
      {cell.type === "code" && <span className="ds-quiet count">[{cell.count ?? " "}]</span>}
      <pre className="cell-source" tabIndex={0} aria-label={`Source of cell ${index + 1}`}>
        <code>{cell.source}</code>
      </pre>
      {cell.outputs.map((output, number) => (
        <Shown key={number} output={output} name={`Output of cell ${index + 1}`} />
      ))}
    </li>
  );
}

function Shown({ output, name }: { readonly output: Output; readonly name: string }): JSX.Element {
  if (output.kind === "picture") return <img src={output.address} alt={name} />;
  if (output.kind === "text") return <Text text={output.text} failed={output.failed} name={name} />;
  // Its plain form first: the frame costs a document, and knows nothing of its content's height.
  return output.text === "" ? (
    <Frame html={output.html} name={name} />
  ) : (
    <>
      <Text text={output.text} failed={false} name={name} />
      <Formatted html={output.html} name={name} />
    </>
  );
}

function Formatted({ html, name }: { readonly html: string; readonly name: string }): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Formatted</summary>
      {open && <Frame html={html} name={name} />}
    </details>
  );
}

/** HTML of others: what of it can be shown, in a document of no origin, without script, forms, or a way out. */
function Frame({ html, name }: { readonly html: string; readonly name: string }): JSX.Element {
  const shown = useMemo(() => safeDocument(html), [html]);
  return <iframe title={name} sandbox="" srcDoc={shown} loading="lazy" referrerPolicy="no-referrer" />;
}

function Text({ text, failed, name }: { readonly text: string; readonly failed: boolean; readonly name: string }): JSX.Element {
  const [all, setAll] = useState(false);
  const cut = !all && text.length > MOST_TEXT;
  return (
    <>
      <pre className={failed ? "output failed" : "output"} tabIndex={0} aria-label={name}>
        {pieces(cut ? text.slice(0, MOST_TEXT) : text).map((piece, index) => (
          <span key={index} className={piece.classes}>
            {piece.text}
          </span>
        ))}
      </pre>
      {cut && (
        <button type="button" className="ds-link" onClick={() => setAll(true)}>
          Show all of it
        </button>
      )}
    </>
  );
}
