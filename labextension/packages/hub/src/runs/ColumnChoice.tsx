import { columnId, type Column } from "@dotscience/ui";
import { useState } from "react";

import { Menu } from "./Menu";

interface ColumnChoiceProps {
  readonly all: readonly Column[];
  readonly shown: readonly string[];
  readonly pinned: readonly string[];
  readonly onChoose: (columns: readonly string[] | undefined, pinned: readonly string[]) => void;
}

const LISTED = 200;

/** Which columns are shown, and which stay in sight. */
export function ColumnChoice({ all, shown, pinned, onChoose }: ColumnChoiceProps): JSX.Element {
  const [search, setSearch] = useState("");
  const found = all.map(columnId).filter((id) => id.toLowerCase().includes(search.toLowerCase()));
  const others = shown.filter((id) => !pinned.includes(id));
  const toggle = (ids: readonly string[], id: string) => (ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id]);
  return (
    <Menu label={`Columns (${shown.length})`}>
      <input type="search" aria-label="Search columns" placeholder="Search" value={search} onChange={(event) => setSearch(event.target.value)} />
      <ul>
        {found.slice(0, LISTED).map((id) => (
          <li key={id}>
            <label>
              <input
                type="checkbox"
                checked={shown.includes(id)}
                onChange={() => onChoose(toggle(shown, id), pinned.filter((one) => one !== id))}
              />{" "}
              {id}
            </label>
            {shown.includes(id) && (
              <button type="button" className="ds-link" aria-label={`Pin ${id}`} aria-pressed={pinned.includes(id)} onClick={() => onChoose(shown, toggle(pinned, id))}>
                {pinned.includes(id) ? "Pinned" : "Pin"}
              </button>
            )}
          </li>
        ))}
      </ul>
      {found.length > LISTED && <p className="ds-quiet">{found.length - LISTED} more: search for them.</p>}
      <p>
        <button type="button" onClick={() => onChoose(undefined, [])}>
          As at the start
        </button>{" "}
        <button type="button" disabled={others.length === 0} onClick={() => onChoose(pinned, pinned)}>
          Only the pinned
        </button>
      </p>
    </Menu>
  );
}
