import { useState } from "react";

import { Dialog } from "../shell/Dialog";
import { Menu } from "./Menu";
import type { RunsSearch } from "./search";
import { useViews } from "./viewQueries";

interface ViewsProps {
  readonly project: string;
  readonly search: RunsSearch;
  readonly onOpen: (search: RunsSearch) => void;
}

/** Saves what is chosen under a name, and goes back to it. */
export function Views({ project, search, onOpen }: ViewsProps): JSX.Element {
  const { views, save, remove } = useViews(project);
  const [saving, setSaving] = useState(false);
  const [name, setName] = useState("");
  const [error, setError] = useState<Error | null>(null);
  const act = () => {
    try {
      save({ name: name.trim(), search: { ...search, runs: undefined } as RunsSearch });
      setSaving(false);
    } catch (refused) {
      setError(new Error(`This browser does not keep it: ${String(refused)}`));
    }
  };
  return (
    <Menu label={`Views (${views.length})`}>
      <ul>
        {views.map((view) => (
          <li key={view.name}>
            <button type="button" className="ds-link" onClick={() => onOpen(view.search)}>
              {view.name}
            </button>
            <button type="button" className="ds-link" aria-label={`Remove the view ${view.name}`} onClick={() => remove(view.name)}>
              Remove
            </button>
          </li>
        ))}
      </ul>
      {views.length === 0 && <p className="ds-quiet">A view is the filter, order, columns and charts that you chose.</p>}
      <button type="button" onClick={() => setSaving(true)}>
        Save this view
      </button>
      {saving && (
        <Dialog title="Save this view" action="Save" busy={false} error={error} ready={name.trim() !== ""} onAct={act} onClose={() => setSaving(false)}>
          <p>It is kept in this browser. To share it, share the page&rsquo;s address.</p>
          <label>
            Name
            <input autoFocus required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />
          </label>
        </Dialog>
      )}
    </Menu>
  );
}
